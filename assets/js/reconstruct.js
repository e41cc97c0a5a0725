// Reconstruct: a picture, as the model sees it, as it draws it again, and where they differ. Where the picture comes from
// stands in reconstruct-source.js, what can be done with its code in reconstruct-tools.js.
import { createSeveral, judge } from "./reconstruct-several.js";
import { createSource } from "./reconstruct-source.js";
import { createTools } from "./reconstruct-tools.js";

const page = window.aegan;

export default function mount(element, server) {
  const root = element.querySelector(".aegan"), $ = (selector) => root.querySelector(selector);
  const split = $(".split"), wipe = $(".wipe");
  let answer = null; // of the picture
  let shown = null; // what is on view: the answer, or a refined one

  const fail = (sentence) => { $(".message").textContent = page.say(sentence); root.classList.remove("busy"); };

  function show() {
    if (!answer) return;
    page.draw($("canvas.input"), answer.input);
    page.draw($("canvas.under"), answer.input);
    for (const name of ["reconstruction", "difference"]) page.draw($(`canvas.${name}`), shown[name]);
    $(".psnr").textContent = page.t("psnr", { value: shown.psnr.toFixed(1) });
    $(".ssim").textContent = shown.ssim === null ? "" : page.t("ssim", { value: shown.ssim.toFixed(2) });
    page.offer(root, shown, `${page.titled(shown.model)}-reconstruction.png`);
    const { width, height, channels } = answer.input;
    $(".sizes").textContent = page.t("code_size", { pixels: (width * height * channels).toLocaleString("en"), numbers: shown.code.length });
    $(".code-help").textContent = page.t(shown.in_sigma ? "code_help" : "raw_code_help");
    drawBars(shown.code);
    drawSteps();
    drawVerdict();
  }

  function drawBars(code) { // one bar per number, from the middle line; the scale is ±3 σ or what the code needs
    const most = Math.max(3, ...code.map(Math.abs)), step = 640 / code.length;
    const rules = [-2, 0, 2].map((v) => `<line x1="0" x2="640" y1="${75 - 70 * v / most}" y2="${75 - 70 * v / most}" class="${v ? "rule" : "zero"}"/>`);
    const rects = code.map((v, i) => {
      const size = 70 * Math.abs(v) / most, y = v > 0 ? 75 - size : 75;
      return `<rect x="${(i + 0.15) * step}" width="${0.7 * step}" y="${y}" height="${size}"><title>${i + 1}: ${v.toFixed(2)}</title></rect>`;
    });
    $(".bars").innerHTML = rules.join("") + rects.join("");
  }

  function drawSteps() { // what was done to the picture before the model saw it
    const list = $(".steps"), { width, height } = answer.input;
    while (list.children.length > answer.steps.length) list.lastChild.remove();
    answer.steps.forEach((step, i) => {
      const item = list.children[i] ?? list.appendChild(document.createElement("li"));
      if (!item.firstChild) item.append(document.createElement("canvas"), document.createElement("span"));
      item.firstChild.setAttribute("aria-hidden", "true");
      page.draw(item.firstChild, step);
      item.lastChild.textContent = page.t(step.text, { width, height });
    });
  }

  function drawVerdict() {
    const { foreign } = answer, track = $(".foreign .track");
    $(".familiar").hidden = !foreign;
    if (!foreign) return;
    const verdict = judge(foreign), values = { ...foreign, percentile: Math.floor(foreign.percentile), split: page.t(foreign.split === "test" ? "split_test" : "split_held") };
    track.style.setProperty("--at", foreign.percentile / 100);
    track.setAttribute("aria-valuenow", Math.round(foreign.percentile));
    $(".familiar").dataset.verdict = verdict;
    $(".verdict").textContent = page.t(`verdict_${verdict}`, values);
    $(".familiar").title = page.t("foreign_help", values) + "\n" + page.t(foreign.rarity === null ? "foreign_error" : "foreign_both", values);
  }

  // -- before and after ---------------------------------------------------------------------------------------------

  function slide() {
    wipe.style.setProperty("--split", `${split.value}%`);
    split.style.setProperty("--at", split.value / 100);
    split.setAttribute("aria-valuetext", page.t("wipe_value", { value: split.value }));
  }
  split.addEventListener("input", slide);
  const follow = (event) => {
    const box = wipe.getBoundingClientRect();
    split.value = Math.round((100 * (event.clientX - box.left)) / box.width);
    slide();
  };
  wipe.addEventListener("pointerdown", (event) => {
    if (event.button || !answer) return;
    wipe.setPointerCapture(event.pointerId);
    follow(event);
  });
  wipe.addEventListener("pointermove", (event) => { if (wipe.hasPointerCapture(event.pointerId)) follow(event); });

  // -- asking -------------------------------------------------------------------------------------------------------

  const tools = createTools(root, server, {
    answer: () => answer,
    show: (refined) => { shown = refined ? { ...answer, ...refined } : answer; show(); },
    random: () => source.random(),
  });

  const ask = page.newest((request) => server.on_picture(request), (given, _, isNewest) => {
    if (given.model !== page.model) return; // another model was chosen meanwhile
    answer = shown = given;
    $(".message").textContent = "";
    root.classList.add("filled");
    split.disabled = false;
    if (given.picture) source.reveal(given.picture);
    show();
    if (!isNewest) return;
    root.classList.remove("busy");
    tools.renew();
    const news = [page.t("announce_reconstruction", { value: given.psnr.toFixed(1) }), given.foreign ? $(".verdict").textContent : ""];
    $(".news").textContent = news.join(" ");
  }, fail);

  function send() {
    const request = source.request();
    if (!request || !page.model) return;
    root.classList.remove("unasked");
    root.classList.add("busy");
    tools.stop();
    ask({ model: page.model, ...request });
  }

  // The example that is shown before a picture is given goes through the model that is chosen.
  const askFirst = page.newest((model) => server.on_welcome({ model }), (first) => {
    for (const image of root.querySelectorAll(".tour [data-of]")) image.src = first[image.dataset.of];
    $(".tour .numbers").innerHTML = first.bars;
    for (const node of root.querySelectorAll(".tour [data-t]")) Object.assign(node.dataset, { size: first.size, pixels: first.pixels, numbers: first.numbers });
    $(".tour").dataset.model = first.model;
    page.translate($(".tour"));
    $(".try").dataset.name = first.name;
  }, () => {}); // a model without an encoder has none

  function welcome() {
    if (root.classList.contains("unasked") && page.model && page.model !== $(".tour").dataset.model) askFirst(page.model);
  }

  const several = createSeveral(root, server, { openFile: (file) => source.openFile(file), choose: (...picture) => source.choose(...picture), invert: () => source.invert(), fail });
  const source = createSource(root, { changed: send, several: (files) => several.run(files), fail });

  page.on("model", () => {
    answer = shown = null;
    root.classList.remove("filled");
    split.disabled = true;
    tools.forget();
    source.changeModel();
    several.again();
    welcome();
    send();
  });
  page.mount(element, () => { slide(); show(); tools.translate(); several.show(); });
  welcome();
  source.begin();
  root.dataset.ready = "";
}
