// A row of the desk: what the slider is called, small pictures of where its ends lead, the slider, a lock.
import { LIMIT } from "./space.js";

const page = window.aegan;
const LOCK = '<svg viewBox="0 0 16 16" aria-hidden="true"><rect x="3" y="7" width="10" height="7" rx="1.5"/><path class="bow" d="M5 7V5a3 3 0 0 1 6 0v2"/></svg>';

const signed = (value) => (value >= 0.05 ? "+" : value <= -0.05 ? "−" : "") + Math.abs(value).toFixed(1);

// `slider` is {key, label: () => text, help: () => text, ends: () => [low, high] or null, unit, limit, lockable}.
export function createRow(slider, { onMove, onHome, onEnd, onLock }) {
  const row = document.createElement("div"), id = `slider-${slider.key}`;
  row.className = "axis";
  row.innerHTML = `<label for="${id}"></label>
    <canvas class="end" width="1" height="1" aria-hidden="true"></canvas>
    <div class="rail"><input type="range" id="${id}" min="${-slider.limit}" max="${slider.limit}" step="0.01" value="0"><p class="ends" hidden><span></span><span></span></p></div>
    <canvas class="end" width="1" height="1" aria-hidden="true"></canvas>
    <output for="${id}">0.0</output>
    <button type="button" class="lock" aria-pressed="false">${LOCK}</button>`;
  const $ = (selector) => row.querySelector(selector), input = $("input"), ends = [...row.querySelectorAll(".end")];
  const share = (value) => Math.min(1, Math.max(0, (value + slider.limit) / (2 * slider.limit)));
  $(".lock").hidden = !slider.lockable;
  row.classList.toggle("plain", !slider.lockable);

  const view = {
    row, slider, ends, input,
    put(value) {
      input.value = value;
      input.style.setProperty("--at", share(value));
      $("output").textContent = signed(value);
      input.setAttribute("aria-valuetext", `${value.toFixed(1)}${slider.unit}`);
    },
    setHome(value) { view.home = value; input.style.setProperty("--start", share(value)); },
    setLocked(locked, stuck) { // `stuck`: the locks of others leave it no way to go
      $(".lock").setAttribute("aria-pressed", locked);
      $(".lock").setAttribute("aria-label", page.t(locked ? "unlock" : "lock", { name: slider.label() }));
      $(".lock").title = page.t(locked ? "unlock_help" : "lock_help");
      input.disabled = locked || stuck;
      row.classList.toggle("locked", locked);
    },
    translate() {
      const names = slider.ends();
      $("label").textContent = slider.label();
      row.title = slider.help();
      $(".ends").hidden = !names;
      if (names) [...$(".ends").children].forEach((node, i) => { node.textContent = names[i]; });
    },
  };

  input.addEventListener("input", () => onMove(view, +input.value));
  input.addEventListener("dblclick", () => onHome(view));
  input.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 0.1, ArrowUp: 0.1, ArrowLeft: -0.1, ArrowDown: -0.1, PageUp: 1, PageDown: -1 }[event.key];
    if (by === undefined && event.key !== "Home") return;
    event.preventDefault();
    if (event.key === "Home") return onHome(view);
    const value = Math.min(slider.limit, Math.max(-slider.limit, +input.value + by));
    onMove(view, value);
  });
  ends.forEach((end, side) => end.addEventListener("click", () => onEnd(view, side ? LIMIT : -LIMIT)));
  $(".lock").addEventListener("click", () => onLock(view));
  return view;
}
