// A picture goes to the server as text inside one request, so that it never becomes a file there.
const page = window.aegan, $ = (selector) => root.querySelector(selector);
const root = element.querySelector(".aegan"), drop = $(".drop"), file = $(".file");
let source = null; // {image: data URI} or {example: name}
let answer = null;

const fail = (sentence) => { $(".message").textContent = sentence; root.classList.remove("busy"); };

function show() {
  if (!answer) return;
  for (const name of ["input", "reconstruction", "difference"]) page.draw($(`canvas.${name}`), answer[name]);
  $(".psnr").textContent = page.t("psnr", { value: answer.psnr.toFixed(1) });
  page.offer(root, answer, `${answer.model}-reconstruction.png`);
  const { width, height, channels } = answer.input;
  $(".sizes").textContent = page.t("code_size", { pixels: width * height * channels, numbers: answer.code.length });
  $(".code-help").textContent = page.t(answer.in_sigma ? "code_help" : "raw_code_help");
  bars();
}

function bars() { // one bar per number, from the middle line; the scale is ±3 σ or what the code needs
  const { code } = answer, most = Math.max(3, ...code.map(Math.abs)), step = 640 / code.length;
  const rules = [-2, 0, 2].map((v) => `<line x1="0" x2="640" y1="${75 - 70 * v / most}" y2="${75 - 70 * v / most}" class="${v ? "rule" : "zero"}"/>`);
  const rects = code.map((v, i) => {
    const size = 70 * Math.abs(v) / most, y = v > 0 ? 75 - size : 75;
    return `<rect x="${(i + 0.15) * step}" width="${0.7 * step}" y="${y}" height="${size}"><title>${i + 1}: ${v.toFixed(2)}</title></rect>`;
  });
  $(".bars").innerHTML = rules.join("") + rects.join("");
}

const ask = page.newest((request) => server.on_picture(request), (given) => {
  if (given.model !== page.model) return;
  answer = given;
  $(".message").textContent = "";
  root.classList.remove("busy");
  root.classList.add("filled");
  show();
  $(".news").textContent = page.t("announce_reconstruction", { value: given.psnr.toFixed(1) });
}, fail);

function send() {
  if (!source) return;
  root.classList.add("busy");
  ask({ model: page.model, ...source, invert: root.querySelector("input[name=invert]:checked").value });
}

function choose(next, preview) {
  source = next;
  $(".yours").src = preview;
  $(".yours").hidden = false;
  drop.classList.add("has-picture");
  for (const button of root.querySelectorAll(".example")) button.setAttribute("aria-pressed", button.dataset.example === next.example);
  send();
}

function take(picture) {
  if (!picture) return;
  const most = page.facts.max_megabytes;
  if (picture.size > most * 2 ** 20) return fail(page.t("too_large", { most }));
  const reader = new FileReader();
  reader.onload = () => choose({ image: reader.result.includes(",") ? reader.result : "data:," }, reader.result);
  reader.onerror = () => fail(page.t("unreadable"));
  reader.readAsDataURL(picture);
}

file.addEventListener("change", () => { take(file.files[0]); file.value = ""; });
$(".yours").addEventListener("error", () => { $(".yours").hidden = true; drop.classList.remove("has-picture"); });
for (const name of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.toggle("over", name === "dragover"); });
}
drop.addEventListener("drop", (event) => take(event.dataTransfer.files[0]));
document.addEventListener("paste", (event) => {
  const picture = [...event.clipboardData.files].find((f) => f.type.startsWith("image/"));
  if (picture && root.offsetParent) { event.preventDefault(); take(picture); } // only while this tab is open
});
for (const button of root.querySelectorAll(".example")) {
  button.addEventListener("click", () => choose({ example: button.dataset.example }, button.querySelector("img").src));
}
for (const radio of root.querySelectorAll("input[name=invert]")) radio.addEventListener("change", send);
$(".samples").hidden = !root.querySelector(".example");
page.on("model", () => { answer = null; root.classList.remove("filled"); send(); });
page.on("theme", () => answer && show());
page.mount(element, show);
