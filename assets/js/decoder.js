// The model in the browser: loaded at first use, off the page's thread. Until it is ready, or when it fails, `draw`
// says so by null, and the server is asked.
const page = window.aegan;
const ATTEMPTS = 3; // to load it, as long as the network may be to blame
let worker = null, current = null, failures = 0, count = 0;
const waiting = new Map(); // id -> what to do with the answer

const supported = () => typeof Worker === "function" && typeof WebAssembly === "object" && !new URLSearchParams(location.search).has("server");

function call(message, transfer = []) {
  return new Promise((resolve, reject) => {
    waiting.set(++count, { resolve, reject });
    worker.postMessage({ ...message, id: count }, transfer);
  });
}

const isBroken = () => failures >= ATTEMPTS;

function fail(error) { // the server can always do it; the next movement tries again
  console.warn("The decoder in the page does not work, so the server draws:", error);
  failures += 1;
  current = null;
  worker?.terminate();
  worker = null;
  for (const { reject } of waiting.values()) reject(error);
  waiting.clear();
  page.tell("decoder", "server");
}

function start() {
  worker = new Worker(page.asset("js/worker.js"), { type: "module" });
  worker.onerror = (event) => fail(event.message || "it could not be started");
  worker.onmessage = ({ data }) => {
    const { resolve, reject } = waiting.get(data.id) ?? {};
    waiting.delete(data.id);
    if (data.error) reject?.(data.error); else resolve?.(data);
  };
}

// Begins to load a model's decoder, once.
export function prepare(kit) {
  if (isBroken() || !kit.decoder || !supported() || current?.model === kit.model) return;
  if (!worker) start();
  const mine = { model: kit.model, ready: false };
  current = mine;
  const of = { z_dim: kit.z_dim, image: kit.shape, points: kit.points };
  const load = { runtime: page.asset("ort"), model: page.asset("", kit.decoder), version: page.facts.version, of };
  call({ load }).then(() => { mine.ready = true; if (current === mine) { failures = 0; page.tell("decoder", "page"); } }, (error) => { if (current === mine) fail(error); });
}

export const isReady = (model) => Boolean(current?.ready && current.model === model);

// Pictures at points, each {width, height, data} or {points}, and the first one's realness; null if the server must.
export async function draw(kit, points) {
  if (!isReady(kit.model)) return null;
  const noise = Float32Array.from(points.flat());
  try {
    const { pictures, logit, milliseconds } = await call({ noise }, [noise.buffer]);
    const [, height, width] = kit.shape;
    return {
      model: kit.model, milliseconds, realness: kit.judged ? 1 / (1 + Math.exp(-logit)) : null,
      pictures: pictures.map((data) => (kit.points ? { points: [data] } : { width, height, data })),
    };
  } catch (error) {
    if (isReady(kit.model)) fail(error);
    return null;
  }
}
