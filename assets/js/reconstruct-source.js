// Where pictures come from: files, the clipboard, a camera, a pad, examples, the model's own test images. A picture goes
// to the server as text inside one request, so that it never becomes a file there; large ones are made smaller first.
import { createCrop } from "./reconstruct-crop.js";
import { createPad } from "./reconstruct-pad.js";

const page = window.aegan;
const LARGE = 1024, SKETCH = 280, MOST_FILES = 16;

const read = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.includes(",") ? reader.result : "data:,");
  reader.onerror = reject;
  reader.readAsDataURL(file);
});

const load = (uri) => new Promise((resolve) => { // null for what this browser cannot show; the server may know it
  const image = new Image();
  image.onload = () => resolve(image);
  image.onerror = () => resolve(null);
  image.src = uri;
});

// A file as {image: data URI, preview: picture or null}, at most LARGE pixels wide and high, without its notes then.
async function openFile(file) {
  const most = page.facts.max_megabytes;
  if (file.size > most * 2 ** 20) throw new Error(page.t("too_large", { most }));
  const uri = await read(file).catch(() => { throw new Error(page.t("unreadable")); });
  const image = await load(uri), scale = image ? LARGE / Math.max(image.width, image.height) : 1;
  if (scale >= 1) return { image: uri, preview: image };
  const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(1, Math.round(image.width * scale)), height: Math.max(1, Math.round(image.height * scale)) });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // what transparency is laid on
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return { image: canvas.toDataURL("image/jpeg", 0.92), preview: canvas };
}

// `changed(isNew)` asks for an answer; `several(files)` takes more than one file; `fail` says what went wrong.
export function createSource(root, { changed, several, fail }) {
  const $ = (selector) => root.querySelector(selector);
  const drop = $(".drop"), file = $(".file"), sketch = $(".sketch"), camera = $(".camera"), video = $("video");
  const isGrey = () => (page.facts.models.find((model) => model.name === page.model)?.channels ?? 1) === 1;
  const crop = createCrop($, () => changed(false));
  let source = null; // {image} or {example} or {test}; {} where the pad has it
  let isSketch = false; // whether the current picture is what is on the pad
  let stream = null, turn = 0;

  function stage(name) { // one of board, sketch, camera
    sketch.hidden = name !== "sketch";
    camera.hidden = name !== "camera";
    $(".board").hidden = name !== "board" || !crop.has();
    $(".invitation").hidden = name !== "board" || crop.has();
    $(".open-sketch").setAttribute("aria-pressed", name === "sketch");
    if (name !== "camera") stopCamera();
  }

  function choose(next, preview) {
    [source, isSketch] = [next, false];
    crop.show(preview);
    stage("board");
    $(".fitting").hidden = false;
    for (const button of root.querySelectorAll(".example")) button.setAttribute("aria-pressed", button.dataset.example === next.example);
    changed(true);
  }

  async function take(files) {
    const pictures = [...(files ?? [])];
    if (!pictures.length) return;
    const mine = ++turn;
    if (pictures.length > 1) {
      if (pictures.length > MOST_FILES) fail(page.t("too_many", { most: MOST_FILES }));
      return several(pictures.slice(0, MOST_FILES));
    }
    try {
      const { image, preview } = await openFile(pictures[0]);
      if (mine === turn) choose({ image }, preview);
    } catch (error) {
      fail(error.message);
    }
  }

  // -- files --------------------------------------------------------------------------------------------------------

  const takeChosen = () => { take(file.files); file.value = ""; };
  file.addEventListener("change", takeChosen);
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.toggle("over", name === "dragover"); });
  }
  drop.addEventListener("drop", (event) => take(event.dataTransfer.files));
  document.addEventListener("paste", (event) => {
    const pictures = [...event.clipboardData.files].filter((f) => f.type.startsWith("image/"));
    if (pictures.length && root.offsetParent) { event.preventDefault(); take(pictures); } // only while this tab is open
  });
  for (const button of root.querySelectorAll(".example")) {
    button.addEventListener("click", async () => {
      const mine = ++turn, small = button.querySelector("img").src; // a square, as examples are
      const preview = await load(small);
      if (mine === turn) choose({ example: button.dataset.example }, preview);
    });
  }
  $(".try").addEventListener("click", ({ currentTarget }) => [...root.querySelectorAll(".example")].find((button) => button.dataset.example === currentTarget.dataset.name)?.click());
  $(".samples").hidden = !root.querySelector(".example");

  const random = () => { turn += 1; choose({ test: Math.floor(Math.random() * 2 ** 31) }, null); };
  $(".random").addEventListener("click", random);

  // -- camera -------------------------------------------------------------------------------------------------------

  const hasCamera = Boolean(navigator.mediaDevices?.getUserMedia);
  $(".open-camera").hidden = !hasCamera;

  function stopCamera() {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = video.srcObject = null;
  }

  $(".open-camera").addEventListener("click", async () => {
    const mine = ++turn;
    fail("");
    try {
      const opened = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1024 }, facingMode: "environment" }, audio: false });
      stopCamera();
      stream = opened;
      if (mine !== turn || !root.offsetParent) return stopCamera();
      stage("camera");
      video.srcObject = stream;
      $(".snap").focus();
    } catch { // refused, in use, or there is none
      $(".open-camera").hidden = true;
      fail(page.t("no_camera"));
    }
  });
  const leaveCamera = () => stage(isSketch ? "sketch" : "board");
  $(".stop-camera").addEventListener("click", () => { leaveCamera(); $(".open-camera").focus(); });
  $(".snap").addEventListener("click", () => {
    const { videoWidth: width, videoHeight: height } = video;
    if (!width) return;
    const scale = Math.min(1, LARGE / Math.max(width, height));
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.round(width * scale), height: Math.round(height * scale) });
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    choose({ image: canvas.toDataURL("image/jpeg", 0.92) }, canvas);
  });
  new ResizeObserver(() => { if (stream && !root.offsetParent) leaveCamera(); }).observe(root); // another tab was opened

  // -- pad ----------------------------------------------------------------------------------------------------------

  const thickness = $(".thickness"), colour = $(".colour input");
  const paper = () => (isGrey() ? "#000000" : "#ffffff");
  const pad = createPad($(".pad"), {
    ink: (own) => (isGrey() ? "#ffffff" : own ?? "#1d1d1f"),
    thickness: () => +thickness.value / 100,
    changed: () => {
      [source, isSketch] = [{}, true];
      crop.show(null);
      $(".fitting").hidden = false;
      changed(false);
    },
  });
  function suitSketch() {
    $(".pad").style.background = paper();
    $(".colour").hidden = isGrey();
    pad.draw();
  }
  const tool = (name) => {
    pad.erase(name === "eraser");
    for (const one of ["pen", "eraser"]) $(`.${one}`).setAttribute("aria-pressed", one === name);
  };
  for (const name of ["pen", "eraser"]) $(`.${name}`).addEventListener("click", () => tool(name));
  colour.addEventListener("input", () => { pad.paint(colour.value); tool("pen"); });
  $(".undo-stroke").addEventListener("click", pad.undo);
  $(".clear").addEventListener("click", pad.clear);
  for (const range of [thickness, $(".mask-thickness")]) {
    const update = () => range.style.setProperty("--at", (range.value - range.min) / (range.max - range.min));
    range.addEventListener("input", update);
    update();
  }
  $(".open-sketch").addEventListener("click", () => {
    turn += 1;
    const opens = sketch.hidden;
    stage(opens ? "sketch" : "board");
    if (!opens) return;
    suitSketch();
    $(".pad").focus({ preventScroll: true });
    if (pad.isEmpty()) return;
    [source, isSketch] = [{}, true];
    crop.show(null);
    changed(true);
  });

  // -- fitting ------------------------------------------------------------------------------------------------------

  $(".turn").addEventListener("click", () => { crop.turn(); changed(false); });
  $(".whole").addEventListener("click", () => { crop.reset(); changed(false); });
  for (const radio of root.querySelectorAll("input[name=invert]")) radio.addEventListener("change", () => changed(false));

  return {
    take, choose, random, openFile,
    invert: () => root.querySelector("input[name=invert]:checked").value,
    // What the server is asked for; null before there is a picture.
    request: () => {
      if (!source) return null;
      const picture = isSketch ? { image: pad.render(SKETCH, paper()).toDataURL("image/png") } : source;
      return { ...picture, ...crop.fit(), invert: root.querySelector("input[name=invert]:checked").value };
    },
    // A test image is seen by the visitor when the server has sent it.
    reveal: async (uri) => {
      const mine = turn, image = await load(uri);
      if (mine !== turn || source?.test === undefined || crop.has()) return;
      crop.show(image);
      stage("board");
    },
    begin: takeChosen, // what was chosen before this script was there
    changeModel: () => { if (source?.test !== undefined) crop.show(null); suitSketch(); },
  };
}
