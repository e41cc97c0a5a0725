// Draws pictures off the page's own thread: noise in, pixels out, by onnxruntime on one thread of WebAssembly.
let ort = null, session = null, shape = null;

// From the browser's store, where the files of the newest version are kept; without one (a private window), anew.
async function bytes(url, store) {
  const kept = await self.caches?.open(store).catch(() => null);
  const answer = (await kept?.match(url)) ?? (await fetch(url));
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const copy = answer.clone(), content = new Uint8Array(await answer.arrayBuffer());
  if (answer.headers.get("Cache-Control")?.includes("no-store")) return content; // of the visitor's own model, which passes
  await kept?.put(url, new Response(copy.body, { headers: { "Content-Type": copy.headers.get("Content-Type") ?? "" } })).catch(() => {});
  return content;
}

async function clear(stores) { // what older versions left
  for (const name of (await self.caches?.keys().catch(() => [])) ?? []) if (name.startsWith("aegan-") && !stores.includes(name)) await caches.delete(name);
}

async function load({ runtime, model, version, of }) {
  const store = `aegan-${version}`;
  if (!ort) {
    ort = await import(`${runtime}/ort.wasm.min.mjs`);
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = { mjs: `${runtime}/ort-wasm-simd-threaded.mjs` };
    ort.env.wasm.wasmBinary = (await bytes(`${runtime}/ort-wasm-simd-threaded.wasm.gz`, store)).buffer;
    clear([store]);
  }
  const [graph, weights] = await Promise.all(["decoder.onnx", "model.safetensors"].map((name) => bytes(`${model}/${name}`, store)));
  await session?.release();
  session = await ort.InferenceSession.create(graph, {
    executionProviders: ["wasm"], externalData: [{ path: "model.safetensors", data: weights }], graphOptimizationLevel: "all",
  });
  shape = of;
  await draw(new Float32Array(shape.z_dim)); // the first run is slow
}

async function draw(noise) {
  const count = noise.length / shape.z_dim, [channels, height, width] = shape.image, area = height * width;
  const { x, logit } = await session.run({ noise: new ort.Tensor("float32", noise, [count, shape.z_dim]) });
  const pictures = [];
  for (let n = 0; n < count; n++) {
    const at = n * channels * area;
    if (shape.points) { pictures.push([x.data[at], x.data[at + 1]]); continue; }
    const pixels = new Uint8ClampedArray(4 * area); // clamps and rounds half to even, as the server does
    for (let i = 0; i < area; i++) {
      for (let c = 0; c < 3; c++) pixels[4 * i + c] = (x.data[at + (channels === 3 ? c * area : 0) + i] + 1) * 127.5;
      pixels[4 * i + 3] = 255;
    }
    pictures.push(pixels);
  }
  return { pictures, logit: logit.data[0] };
}

// One thing after the other, in the order asked.
let last = Promise.resolve();
self.onmessage = ({ data }) => {
  last = last.then(async () => {
    try {
      if (data.load) { await load(data.load); self.postMessage({ id: data.id }); return; }
      const begun = performance.now(), drawn = await draw(data.noise);
      const buffers = drawn.pictures.filter((p) => p.buffer).map((p) => p.buffer);
      self.postMessage({ id: data.id, ...drawn, milliseconds: performance.now() - begun }, buffers);
    } catch (error) {
      self.postMessage({ id: data.id, error: String(error) });
    }
  });
};
