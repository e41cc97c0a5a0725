// One's own images: read in the browser, made smaller there if they are large, sent inside one request, so that they
// never become files of the server's before a run takes them.
const page = window.aegan, SIDE = 192, SMALL = 150_000; // pixels of the shorter side; bytes of what is sent as it is

const toBase64 = (blob) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.includes(",") ? reader.result : "");
  reader.onerror = () => reject(reader.error);
  reader.readAsDataURL(blob);
});

// A large picture as a small JPEG, upright, on white; what this browser cannot show is sent as it is.
async function shrink(file) {
  if (file.size <= SMALL) return file;
  try {
    const bitmap = await createImageBitmap(file), scale = SIDE / Math.min(bitmap.width, bitmap.height);
    if (scale >= 1) return file;
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
    const context = canvas.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return await new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? file), "image/jpeg", 0.92));
  } catch {
    return file;
  }
}

// `ready(answer)` is called with what the server says of images that it has read.
export function createFiles(root, server, ready) {
  const $ = (selector) => root.querySelector(selector), drop = $(".own .drop"), shape = $(".shape select");
  let sent = null, answer = null, turn = 0, failure = "";

  async function take(list) {
    const files = [...(list ?? [])], mine = ++turn;
    if (!files.length) return;
    const { images, megabytes } = page.facts.choosing, most = megabytes * 2 ** 20;
    const said = (key, values) => { $(".reading").textContent = page.t(key, values); };
    failure = "";
    try {
      if (files.length === 1 && files[0].size > most) throw new Error(page.t("own_zip_large", { megabytes }));
      const out = [];
      let bytes = 0;
      for (const [i, file] of files.slice(0, images).entries()) {
        if (i % 25 === 0) said("own_shrinking", { done: i, of: Math.min(files.length, images) });
        const small = files.length === 1 ? file : await shrink(file);
        if (mine !== turn) return;
        bytes += small.size;
        if (bytes > most) throw new Error(page.t("own_too_large", { megabytes }));
        const name = (file.webkitRelativePath || file.name).replace(/\.\w+$/, (end) => (small === file ? end : `${end}.jpg`));
        out.push({ name, data: await toBase64(small) });
      }
      sent = out;
      await send(null, null, mine);
    } catch (error) {
      if (mine === turn) fail(error.message);
    }
  }

  async function send(size, channels, mine) {
    $(".reading").textContent = page.t("own_reading");
    const got = await server.on_images({ files: sent, size, channels }).catch(() => ({ error: page.t("offline") }));
    if (mine !== turn) return;
    if (!got || got.error) return fail(got?.error ?? page.t("offline"));
    answer = got;
    show();
    ready(answer);
  }

  function fail(sentence) {
    failure = sentence;
    show();
  }

  function show() {
    const box = $(".contact");
    $(".reading").textContent = page.say(failure);
    $(".reading").classList.toggle("bad", Boolean(failure));
    box.hidden = !answer;
    if (!answer) return;
    box.querySelector("img").src = answer.sheet;
    shape.value = `${answer.size}/${answer.channels}`;
    box.querySelector("figcaption").textContent = page.t("own_count", { train: answer.train.toLocaleString("en"), test: answer.test.toLocaleString("en") });
    const notes = Object.entries(answer.skipped).map(([why, count]) => page.t(`skipped.${why}`, { count: count.toLocaleString("en"), example: page.say(answer.example) }));
    if (answer.flat) notes.push(page.t("own_flat", { count: answer.flat }));
    if (answer.few) notes.push(page.t("own_few"));
    box.querySelector(".notes").replaceChildren(...notes.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  }

  for (const input of root.querySelectorAll(".own input[type=file]")) {
    input.addEventListener("change", () => { const list = [...input.files]; input.value = ""; take(list); });
  }
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.toggle("over", name === "dragover"); });
  }
  drop.addEventListener("drop", (event) => take(event.dataTransfer.files));
  shape.addEventListener("change", () => { const [size, channels] = shape.value.split("/").map(Number); if (sent) send(size, channels, ++turn); });
  return { show, token: () => answer?.own ?? null };
}
