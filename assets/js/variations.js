// Two sheets: pictures around the current one, and children of two.
import { cross, vary } from "./kin.js";
import { createSheet } from "./sheet.js";
import { interpolate, round, seedNoise } from "./space.js";

const page = window.aegan, AROUND = 24, SHARES = [0.2, 0.4, 0.6, 0.8], MOST_TRAITS = 8;
const fresh = () => Math.floor(Math.random() * 2 ** 20);

export function createVariations(panel, desk) {
  const $ = (selector) => panel.querySelector(selector), sheet = createSheet($(".sheet"), AROUND, desk), strength = $(".strength");
  let seed = fresh();

  function update() {
    const { kit, point, locked } = desk.here();
    if (!kit) return;
    strength.style.setProperty("--at", (strength.value - strength.min) / (strength.max - strength.min));
    strength.setAttribute("aria-valuetext", `${(+strength.value).toFixed(2)} σ`);
    $("output").textContent = `${(+strength.value).toFixed(2)} σ`;
    const points = Array.from({ length: AROUND }, (_, i) => vary(point, seedNoise(seed * 32 + i, kit.z_dim), +strength.value, locked));
    sheet.put(kit, points, points.map((_, i) => page.t("variation", { n: i + 1 })));
  }

  strength.addEventListener("input", update);
  $(".fresh").addEventListener("click", () => { seed = fresh(); update(); });
  return { update };
}

// Columns go from one parent to the other; the first row mixes all of them evenly, below it each trait is one parent's.
// This was chosen by looking: children of coordinates taken at random drift to other things altogether (of two shirts,
// shoes and bags), plain mixtures are all alike; mixtures that inherit the named traits whole resemble both.
export function createFamily(panel, desk) {
  const $ = (selector) => panel.querySelector(selector), sheet = createSheet($(".sheet"), 16, desk);
  let seed = fresh();

  function update() {
    const { kit } = desk.here(), [a, b] = desk.chosen();
    panel.classList.toggle("ready", Boolean(b));
    if (!kit || !b) return;
    [[".first", a], [".second", b]].forEach(([where, parent]) => desk.figure($(where), parent));
    const named = kit.directions.length > 0;
    const traits = named ? kit.directions.map((d) => d.vector) : kit.axes.slice(0, MOST_TRAITS);
    const draws = seedNoise(seed, 3 * SHARES.length * traits.length); // their signs are fair coins
    const names = named ? kit.directions.map((d) => page.t(`direction.${d.name}`)) : traits.map((_, i) => page.t("axis", { n: i + 1 }));
    const points = [], labels = [];
    for (let row = 0; row < 4; row++) {
      SHARES.forEach((share, column) => {
        const n = 4 * row + column + 1, at = ((row - 1) * SHARES.length + column) * traits.length;
        const ofB = traits.map((_, i) => draws[at + i] > 0), of = (which) => names.filter((_, i) => ofB[i] === which).join(", ") || "–";
        points.push(row ? cross(a.point, b.point, share, traits, ofB) : round(interpolate(a.point, b.point, share)));
        labels.push(row ? page.t("child", { n, a: a.name, b: b.name, of_a: of(false), of_b: of(true) }) : page.t("mixture", { share: Math.round(100 * share), b: b.name }));
      });
    }
    sheet.put(kit, points, labels);
  }

  $(".fresh").addEventListener("click", () => { seed = fresh(); update(); });
  return { update };
}
