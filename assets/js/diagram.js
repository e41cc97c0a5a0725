// The model as a diagram: networks as boxes, data along edges, terms of the objective where they act, with their weights.
// What is in use is lit. A box or a term explains itself, with its equation and the place in the code.
const page = window.aegan, SVG = "http://www.w3.org/2000/svg", FLASH = 420; // milliseconds of each stage of a single step
const COLUMNS = [52, 200, 348], ROWS = [38, 150, 268], W = 60, H = 44;

//: Box -> [column, row, actor, letter]
const BOXES = {
  x: [0, 1, "real", "x"], E: [1, 1, "encoder", "E"], z: [2, 1, "", "z"], G: [2, 2, "generator", "G"], y: [1, 2, "generated", "x̂"],
  D: [0, 2, "discriminator", "Dx"], Dz: [2, 0, "latent", "Dz"], p: [1, 0, "", "ε"],
};
const DECODER = { x: 274, y: 209 }; // E's own, where G does not decode

//: Edge -> [from, to, actor, offset to the side]
const EDGES = {
  "x-E": ["x", "E", "real", 0], "E-z": ["E", "z", "encoder", 0], "p-z": ["p", "z", "", 0], "z-G": ["z", "G", "", 0], "G-y": ["G", "y", "generated", 0],
  "y-D": ["y", "D", "generated", -12], "r-D": ["y", "D", "encoder", 12], "x-D": ["x", "D", "real", 0], "z-Dz": ["z", "Dz", "encoder", 0], "p-Dz": ["p", "Dz", "", 0],
  "y-E": ["y", "E", "generated", 0], "x-y": ["x", "y", "encoder", 0],
};

//: Term -> [x, y, actor] of its label
const TERMS = {
  rec: [112, 204, "encoder"], adv: [126, 256, "generator"], adv_rec: [126, 280, "generator"], cycle: [200, 196, "encoder"], rec_fake: [200, 222, "encoder"],
  kl: [274, 134, "encoder"], adv_z: [348, 94, "encoder"], gamma: [52, 312, "discriminator"],
};

// What can be said of each: its equation, and where it stands in the code.
const FACTS = {
  x: ["", "aegan/data.py · load_data"], E: ["z = E(x)", "aegan/networks.py · Encoder"], z: ["z ∈ ℝⁿ", "aegan/step.py · forward"], G: ["x̂ = G(z)", "aegan/networks.py · Generator"],
  y: ["x̂ = G(E(x)),  x̂ = G(z)", "aegan/step.py · forward"], D: ["D(x) = σ(Dx(x)) ∈ (0, 1)", "aegan/networks.py · Discriminator"], Dz: ["σ(Dz(z)) ∈ (0, 1)", "aegan/networks.py · LatentDiscriminator"],
  p: ["ε ~ N(0, I),  z = f(ε)", "aegan/prior.py · FlowPrior, MixturePrior"], dec: ["x̂ = dec(E(x))", "aegan/networks.py · Generator"],
  rec: { l1: "mean |x − G(E(x))|", mse: "mean (x − G(E(x)))²", features: "distance of Dx’s features of x and G(E(x))", code: "aegan/losses.py · pixel_distance, feature_distance" },
  adv: { bce: "−log σ(Dx(G(z)))", hinge: "−Dx(G(z))", relativistic: "softplus(Dx(x) − Dx(G(z)))", code: "aegan/losses.py · generator_loss" },
  adv_rec: { bce: "−log σ(Dx(G(E(x))))", hinge: "−Dx(G(E(x)))", relativistic: "softplus(Dx(x) − Dx(G(E(x))))", code: "aegan/losses.py · generator_loss" },
  cycle: ["mean (z − E(G(z)))²", "aegan/losses.py · latent_distance"], rec_fake: ["mean (G(z) − dec(E(G(z))))²", "aegan/losses.py · pixel_distance"],
  kl: ["KL(E(x) ‖ N(0, I))", "aegan/losses.py · kl_to_normal"], adv_z: ["−log σ(Dz(E(x)))", "aegan/losses.py · generator_loss"],
  gamma: ["γ/2 · (E|∇Dx(x)|² + E|∇Dx(x̂)|²)", "aegan/losses.py · gradient_penalty"],
};

const round = (value) => +value.toPrecision(3);
const own = (config) => Boolean(config.own_decoder);

// What of the diagram is in use under a configuration.
function lit(config) {
  const fake = config.adv || config.cycle || config.rec_fake, encoder = config.rec || config.adv_rec || config.adv_z || config.cycle || config.rec_fake || config.kl, judge = config.adv || config.adv_rec;
  const tied = encoder && !own(config), decodes = config.rec || config.adv_rec;
  return {
    boxes: { x: true, E: encoder, z: true, G: fake || !own(config), y: true, D: judge, Dz: config.adv_z, p: fake || config.adv_z || config.kl },
    edges: {
      "x-E": encoder, "E-z": encoder, "p-z": fake || config.kl, "z-G": fake || tied, "G-y": fake || tied, "y-D": config.adv, "r-D": config.adv_rec, "x-D": judge,
      "z-Dz": config.adv_z, "p-Dz": config.adv_z, "y-E": config.cycle || config.rec_fake, "x-y": decodes && config.rec,
    },
  };
}

// The stages of a single step: which edges light up, one group after another.
const STAGES = {
  d: [["x-D"], ["p-z", "z-G", "G-y"], ["x-E", "E-z"], ["y-D", "r-D"], ["p-Dz", "z-Dz"]],
  g: [["x-E", "E-z"], ["z-G", "G-y"], ["x-y"], ["p-z"], ["y-D", "r-D", "z-Dz"], ["y-E"]],
};
STAGES.both = [...STAGES.d, ...STAGES.g];

function make(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text != null) node.textContent = text;
  return node;
}

const middle = (name) => [COLUMNS[BOXES[name][0]], ROWS[BOXES[name][1]]];

function route(from, to, aside) { // from the border of one box to that of the other
  const [x1, y1] = middle(from), [x2, y2] = middle(to), dx = x2 - x1, dy = y2 - y1, length = Math.hypot(dx, dy);
  const cut = Math.min((W / 2 + 3) / Math.abs(dx || 1e-9), (H / 2 + 3) / Math.abs(dy || 1e-9)), nx = (-dy / length) * -aside, ny = (dx / length) * -aside;
  return `M${x1 + dx * cut + nx} ${y1 + dy * cut + ny}L${x2 - dx * (cut + 5 / length) + nx} ${y2 - dy * (cut + 5 / length) + ny}`;
}

export function createDiagram(box, words) {
  const svg = box.querySelector("svg"), said = words.querySelector(".said"), nodes = {}, edges = {};
  let config = {}, told = "", chosen = null, flashing = 0;

  function button(name, group) {
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "0");
    group.dataset.part = name;
    nodes[name] = group;
    svg.append(group);
    group.addEventListener("click", () => explain(name));
    group.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); explain(name); } });
  }

  function build() {
    const defs = make("defs", {});
    for (const actor of ["real", "encoder", "generated", ""]) {
      const marker = make("marker", { id: `arrow-${actor}`, viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse", markerUnits: "userSpaceOnUse" });
      marker.append(make("path", { d: "M0 0L8 4L0 8z", style: `fill:var(--${actor || "quiet"})` }));
      defs.append(marker);
    }
    svg.append(defs);
    for (const [name, [from, to, actor, aside]] of Object.entries(EDGES)) {
      const path = make("path", { class: "edge", d: route(from, to, aside), "marker-end": `url(#arrow-${actor})` });
      path.style.setProperty("--actor", `var(--${actor || "quiet"})`);
      edges[name] = path;
      svg.append(path);
    }
    const decoder = make("g", { class: "box dec" });
    decoder.style.setProperty("--actor", "var(--encoder)");
    decoder.append(make("rect", { x: DECODER.x - 22, y: DECODER.y - 14, width: 44, height: 28, rx: 6 }), make("text", { x: DECODER.x, y: DECODER.y + 5 }, "dec"));
    button("dec", decoder);
    for (const [name, [, , actor, letter]] of Object.entries(BOXES)) {
      const [x, y] = middle(name), group = make("g", { class: `box${["x", "z", "y", "p"].includes(name) ? " data" : ""}` });
      group.style.setProperty("--actor", `var(--${actor || "quiet"})`);
      group.append(make("rect", { x: x - W / 2, y: y - H / 2, width: W, height: H, rx: group.classList.contains("data") ? H / 2 : 8 }), make("text", { x, y: y + 6 }, letter));
      button(name, group);
    }
    for (const [name, [x, y, actor]] of Object.entries(TERMS)) {
      const group = make("g", { class: "term" });
      group.style.setProperty("--actor", `var(--${actor})`);
      group.append(make("rect", { x: x - 42, y: y - 11, width: 84, height: 22, rx: 11 }), make("text", { x, y: y + 4 }));
      button(name, group);
    }
  }

  const weight = (name) => config[name] ?? 0;
  const label = (name) => (TERMS[name] ? page.t("part_weight", { name: page.t(`part.${name}`), weight: round(weight(name)) }) : page.t(`part.${name}`));

  function update(given, { step = null, running = false } = {}) {
    config = given ?? config;
    const now = lit(config), waits = step != null && config.rec && step < config.warmup_steps;
    const key = JSON.stringify([config, waits, page.language]);
    svg.classList.toggle("running", running);
    if (running) words.querySelector(".order").textContent = "";
    if (key === told) return;
    told = key;
    for (const [name, node] of Object.entries(nodes)) {
      const on = TERMS[name] ? weight(name) > 0 && (name !== "gamma" || now.boxes.D) : name === "dec" ? own(config) : now.boxes[name];
      node.classList.toggle("lit", Boolean(on));
      node.classList.toggle("waits", Boolean(on && waits && TERMS[name] && !["rec", "kl"].includes(name)));
      node.setAttribute("aria-label", label(name));
      if (TERMS[name]) node.querySelector("text").textContent = `${name === "gamma" ? "γ" : name}${on ? ` ${round(weight(name))}` : ""}`;
    }
    nodes.dec.style.display = own(config) ? "" : "none";
    for (const [name, edge] of Object.entries(edges)) edge.classList.toggle("lit", Boolean(now.edges[name]));
    if (chosen) write();
  }

  function write() {
    const fact = FACTS[chosen], kind = chosen === "rec" ? config.rec_kind : config.adv_kind;
    const [equation, code] = Array.isArray(fact) ? fact : [fact[kind] ?? Object.values(fact)[0], fact.code];
    const node = nodes[chosen], later = node.classList.contains("waits") ? ` ${page.t("part_waits", { step: config.warmup_steps.toLocaleString("en") })}` : "";
    words.querySelector(".title").textContent = label(chosen);
    said.textContent = page.t(`part_help.${chosen}`) + (node.classList.contains("lit") ? later : ` ${page.t("part_unused")}`);
    words.querySelector(".equation").textContent = equation;
    words.querySelector(".code").textContent = code;
    words.classList.add("told");
    for (const [name, other] of Object.entries(nodes)) other.setAttribute("aria-pressed", name === chosen);
  }

  function explain(name) {
    chosen = name;
    write();
  }

  // A single step: the edges that it uses light up in order; all at once where motion is unwelcome.
  async function flash(player) {
    const mine = (flashing += 1), still = matchMedia("(prefers-reduced-motion: reduce)").matches, used = lit(config).edges;
    const stages = STAGES[player].map((names) => names.filter((name) => used[name])).filter((names) => names.length);
    words.querySelector(".order").textContent = page.t(`order.${player}`);
    for (const edge of Object.values(edges)) edge.classList.remove("now", "was");
    svg.classList.add("stepping");
    for (const names of stages) {
      for (const name of names) edges[name].classList.add("now");
      if (!still) await new Promise((resume) => setTimeout(resume, FLASH));
      if (mine !== flashing) return;
      if (!still) for (const name of names) edges[name].classList.replace("now", "was");
    }
    await new Promise((resume) => setTimeout(resume, 4 * FLASH));
    if (mine !== flashing) return;
    svg.classList.remove("stepping");
    for (const edge of Object.values(edges)) edge.classList.remove("now", "was");
  }

  build();
  return { update, flash, explain, relabel: () => { told = ""; update(); } };
}
