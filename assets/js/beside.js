// Pictures side by side, large, and along which sliders they differ most from the first.
import { drawAll } from "./sheet.js";
import { dot } from "./space.js";

const page = window.aegan, MOST = 4, MOST_BARS = 8, LEAST_WIDE = 3; // σ at a bar's end, or more where there is more

export function createBeside(panel, desk) {
  const row = panel.querySelector(".beside-row");
  const ask = page.newest(({ kit, points, canvases }) => drawAll(kit, points, (i, picture) => page.draw(canvases[i], picture)), () => {}, desk.say);

  function bars(values, names, widest) {
    const list = document.createElement("ul");
    list.className = "bars";
    list.replaceChildren(...values.map((value, i) => {
      const item = document.createElement("li"), share = (Math.abs(value) / widest) * 50;
      item.innerHTML = `<span></span><i><b></b></i><output></output>`;
      item.querySelector("span").textContent = names[i];
      item.querySelector("output").textContent = `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)} σ`;
      Object.assign(item.querySelector("b").style, { left: `${value < 0 ? 50 - share : 50}%`, width: `${share}%` });
      return item;
    }));
    return list;
  }

  function update() {
    const { kit, rows } = desk.here(), chosen = desk.chosen().slice(0, MOST);
    panel.classList.toggle("ready", chosen.length > 1);
    if (!kit || chosen.length < 2) return;
    const difference = (one, { slider }) => dot(one.point, slider.vector) - dot(chosen[0].point, slider.vector);
    const farthest = (view) => Math.max(...chosen.slice(1).map((one) => Math.abs(difference(one, view))));
    const views = [...rows].sort((a, b) => farthest(b) - farthest(a)).slice(0, MOST_BARS);
    const widest = Math.max(LEAST_WIDE, ...views.map(farthest));
    const canvases = [], figures = chosen.map((one, i) => {
      const figure = document.createElement("figure");
      figure.innerHTML = `<canvas class="picture" role="img" width="1" height="1"></canvas><figcaption></figcaption>`;
      canvases.push(figure.querySelector("canvas"));
      canvases[i].setAttribute("aria-label", one.name);
      figure.querySelector("figcaption").textContent = one.name;
      if (i) figure.append(bars(views.map((view) => difference(one, view)), views.map((view) => view.slider.label()), widest));
      else { const note = document.createElement("p"); note.className = "help"; note.textContent = page.t("beside_first"); figure.append(note); }
      return figure;
    });
    row.style.setProperty("--count", chosen.length);
    row.replaceChildren(...figures);
    ask({ kit, points: chosen.map((one) => one.point), canvases });
  }

  return { update };
}
