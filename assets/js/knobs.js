// Knobs of a run that take effect at once: the weights in use, gamma, learning rates. Equal ratios lie at equal distances.
const page = window.aegan, STEPS = 120, SETTLED = 250; // places of a slider; milliseconds after which the arrow keys rest

//: Knob -> [smallest, largest value, actor]; gamma alone can be 0.
const RANGES = {
  rec: [0.01, 100, "encoder"], adv: [0.001, 100, "generator"], adv_rec: [0.001, 100, "generator"], adv_z: [0.001, 100, "encoder"], cycle: [0.001, 100, "encoder"],
  rec_fake: [0.001, 100, "encoder"], kl: [0.0001, 100, "encoder"], gamma: [0.01, 100, "discriminator"], lr: [1e-6, 0.1, "generator"], lr_d: [1e-6, 0.1, "discriminator"],
};
const ALWAYS = ["gamma", "lr", "lr_d"];

export const words = (value) => (value === 0 ? "0" : value >= 0.01 && value < 1000 ? `${+value.toPrecision(2)}` : value.toExponential(1).replace("e-", "·10⁻").replace(/⁻(\d+)$/, (_, n) => `⁻${[...n].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]).join("")}`));

export function createKnobs(box, turn) {
  const rows = new Map();
  let config = null, shown = "", held = null;

  const toValue = (name, place) => {
    const [low, high] = RANGES[name];
    if (name === "gamma" && place === 0) return 0;
    return +(low * (high / low) ** (place / STEPS)).toPrecision(2);
  };
  const toPlace = (name, value) => {
    const [low, high] = RANGES[name];
    return value <= 0 ? 0 : Math.min(STEPS, Math.max(name === "gamma" ? 1 : 0, Math.round((STEPS * Math.log(value / low)) / Math.log(high / low))));
  };

  function put(name, value) {
    const { input, output } = rows.get(name);
    input.value = toPlace(name, value);
    input.style.setProperty("--at", input.value / STEPS);
    input.setAttribute("aria-valuetext", words(value));
    output.textContent = words(value);
  }

  function build(names) {
    rows.clear();
    box.replaceChildren(...names.map((name) => {
      const row = document.createElement("div"), label = document.createElement("label"), input = document.createElement("input"), output = document.createElement("output");
      row.className = "knob";
      row.style.setProperty("--actor", `var(--${RANGES[name][2]})`);
      label.textContent = page.t(`knob.${name}`);
      row.title = page.t(`help.${name}`);
      Object.assign(input, { type: "range", min: 0, max: STEPS, step: 1, id: `knob-${name}` });
      label.htmlFor = output.htmlFor = input.id;
      input.addEventListener("input", () => { held = name; const value = toValue(name, +input.value); input.style.setProperty("--at", input.value / STEPS); input.setAttribute("aria-valuetext", words(value)); output.textContent = words(value); });
      let resting = null;
      input.addEventListener("change", () => {
        clearTimeout(resting);
        resting = setTimeout(async () => { await turn({ [name]: toValue(name, +input.value) }); if (held === name) held = null; }, SETTLED);
      });
      row.append(label, input, output);
      rows.set(name, { input, output });
      return row;
    }));
  }

  function update(given) {
    config = given ?? config;
    if (!config) return;
    const judged = config.adv || config.adv_rec, names = Object.keys(RANGES).filter((name) => (ALWAYS.includes(name) ? name === "lr" || (name === "gamma" ? judged : judged || config.adv_z) : config[name] > 0));
    const key = JSON.stringify([names, page.language]);
    if (key !== shown) { shown = key; build(names); }
    for (const name of names) if (name !== held) put(name, config[name]);
  }
  return { update };
}
