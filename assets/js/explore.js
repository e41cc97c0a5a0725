// Sliders and picture: every movement asks the server, one request at a time, the newest wins.
const page = window.aegan, $ = (selector) => root.querySelector(selector);
const root = element.querySelector(".aegan");
const rows = [...root.querySelectorAll(".axis")], sliders = rows.map((row) => row.querySelector("input"));
const canvas = $(".picture"), seed = $(".seed"), reset = $(".reset"), smooth = $(".smooth");
let start = null; // the seed's own slider values
let answer = null; // what is shown
let quiet = null; // runs when the sliders have stood still for a while

const values = () => sliders.slice(0, start.length).map((slider) => +slider.value);

function label(i) {
  const value = +sliders[i].value;
  rows[i].querySelector("output").textContent = (value >= 0.05 ? "+" : value <= -0.05 ? "−" : "") + Math.abs(value).toFixed(1);
  sliders[i].setAttribute("aria-valuetext", `${value.toFixed(1)} σ`);
  sliders[i].style.setProperty("--at", (value + 3) / 6);
}

function gauge(name, share) {
  const box = $(`.${name}`), track = box.querySelector(".track");
  box.hidden = share == null;
  track.style.setProperty("--at", share ?? 0);
  track.setAttribute("aria-valuenow", Math.round(100 * (share ?? 0)));
}

const ask = page.newest((request) => server.on_move(request), (given, milliseconds, newest) => {
  if (given.model !== page.model) return; // another model was chosen meanwhile
  answer = given;
  $(".message").textContent = "";
  canvas.classList.remove("waiting");
  page.draw(canvas, given);
  page.offer(root, given, `${given.model}-${seed.value}.png`);
  gauge("unusual", given.unusual / 100);
  gauge("realness", given.realness);
  if (given.ends) {
    rows.forEach((row, i) => row.querySelectorAll(".end").forEach((end, side) => given.ends[2 * i + side] && page.draw(end, given.ends[2 * i + side])));
  } else if (newest) page.tell("latency", milliseconds); // the same work every time, so the times compare
  if (!start) {
    start = given.sliders;
    rows.forEach((row, i) => {
      row.hidden = i >= start.length;
      if (i >= start.length) return;
      sliders[i].value = start[i];
      sliders[i].style.setProperty("--start", (start[i] + 3) / 6);
      label(i);
    });
  }
  reset.disabled = !start.some((value, i) => Math.abs(value - sliders[i].value) > 0.006);
}, (sentence) => { $(".message").textContent = sentence; canvas.classList.toggle("waiting", !answer); });

function settle() { // small pictures of where each slider leads, and a word for screen readers
  ask({ model: page.model, seed: +seed.value, sliders: values(), ends: true });
  if (answer) $(".news").textContent = page.t("announce", { unusual: Math.round(answer.unusual) });
}

function move() {
  if (!start) return;
  ask({ model: page.model, seed: +seed.value, sliders: values() });
  clearTimeout(quiet);
  quiet = setTimeout(settle, 250);
}

function begin() { // at the seed's own point
  if (!page.model) { $(".message").textContent = page.t("no_model"); canvas.classList.remove("waiting"); return; }
  clearTimeout(quiet);
  start = null;
  ask({ model: page.model, seed: +seed.value, sliders: null, ends: true });
}

function put(i, value) {
  sliders[i].value = Math.min(3, Math.max(-3, value));
  label(i);
  move();
}

sliders.forEach((slider, i) => {
  slider.addEventListener("input", () => { label(i); move(); });
  slider.addEventListener("dblclick", () => start && put(i, start[i]));
  slider.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 0.1, ArrowUp: 0.1, ArrowLeft: -0.1, ArrowDown: -0.1, PageUp: 1, PageDown: -1 }[event.key];
    if (!start || (by === undefined && event.key !== "Home")) return;
    event.preventDefault();
    put(i, event.key === "Home" ? start[i] : +slider.value + by);
  });
  rows[i].querySelectorAll(".end").forEach((end, side) => end.addEventListener("click", () => start && put(i, side ? 3 : -3)));
});

$(".randomize").addEventListener("click", () => { seed.value = Math.floor(Math.random() * 1e6); begin(); });
reset.addEventListener("click", () => { start.forEach((value, i) => { sliders[i].value = value; label(i); }); move(); });
seed.addEventListener("change", () => { seed.value = Math.min(2147483647, Math.max(0, Math.floor(+seed.value || 0))); begin(); });
smooth.addEventListener("change", () => { root.classList.toggle("smoothed", smooth.checked); page.store.set("smooth", smooth.checked ? "1" : ""); });
smooth.checked = page.store.get("smooth") === "1";
root.classList.toggle("smoothed", smooth.checked);
page.on("model", () => { answer = null; begin(); });
page.on("theme", () => answer?.points && page.draw(canvas, answer));
page.mount(element, () => sliders.forEach((_, i) => label(i)));
begin();
