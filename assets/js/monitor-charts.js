// Charts of a run: lines over steps with one cursor for all, D's scores as histograms, the cloud of codes, bars.
const page = window.aegan, SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 168, LEFT = 38, RIGHT = 6, TOP = 8, BOTTOM = 20, MOST_POINTS = 200, DECADES = 4;

//: Figure -> [metric, text, actor whose colour it has, dash pattern]; the order is that of the legend.
const LINES = {
  losses: [
    ["loss/rec", "line.rec", "encoder", ""], ["loss/kl", "line.kl", "encoder", "2 3"], ["loss/cycle", "line.cycle", "encoder", "6 3"],
    ["loss/rec_fake", "line.rec_fake", "encoder", "9 3 2 3"], ["loss/adv_z", "line.adv_z", "encoder", "1 4"],
    ["loss/adv_g", "line.adv_g", "generator", ""], ["loss/adv_rec_g", "line.adv_rec_g", "generator", "6 3"],
    ["loss/d", "line.d", "discriminator", ""], ["loss/dz", "line.dz", "latent", ""],
  ],
  scores: [["score/real", "line.real", "real", ""], ["score/fake", "line.fake", "generated", ""]],
  gradients: [
    ["grad/encoder", "actor.encoder", "encoder", ""], ["grad/generator", "actor.generator", "generator", ""],
    ["grad/discriminator", "actor.discriminator", "discriminator", ""], ["grad/latent", "actor.latent", "latent", ""],
  ],
  distance: [["fd/samples", "line.fd", "generated", ""]],
  variety: [["recall", "line.recall", "generated", ""], ["coverage", "line.coverage", "real", "6 3"]],
};
const SHARES = ["scores", "variety"]; // of one, on a plain scale; all others are logarithmic where they can be

function make(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text != null) node.textContent = text;
  return node;
}

const stroke = (actor) => `stroke:var(--${actor})`;
const tick = (v) => (v && Math.abs(v) < 0.001 ? v.toExponential(0).replace("e-", "e−") : +v.toPrecision(2));
const short = (value) => (value == null ? "–" : Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en") : Math.abs(value) < 0.0005 && value ? value.toExponential(1).replace("e-", "e−") : value.toPrecision(3));

// What is drawn of columns: the newest record and every so many before it.
export function thin(columns) {
  const { step = [], metrics = {} } = columns ?? {}, every = Math.max(1, Math.ceil(step.length / MOST_POINTS)), first = (step.length - 1) % every;
  const take = (values) => (every === 1 ? values : values.filter((_, i) => i % every === first));
  return { step: take(step), metrics: Object.fromEntries(Object.entries(metrics).map(([name, values]) => [name, take(values)])) };
}

// One chart of lines. `series` are {text, actor, dash, step, values}; `point` tells all charts where the pointer is.
export function createLines(figure, { share = false, empty = "nothing_yet", unit = "replay_at", point = () => {} } = {}) {
  const svg = figure.querySelector("svg"), legend = figure.querySelector(".legend");
  let scale = null, lines = [], outputs = [], keyed = "";
  svg.setAttribute("tabindex", "0");
  svg.setAttribute("role", "application");

  function draw(given, marks = []) {
    lines = given.filter((line) => line.values.some((v) => v != null));
    figure.classList.toggle("empty", !lines.length);
    const width = Math.max(220, svg.clientWidth || 300), all = lines.flatMap((line) => line.values.filter((v) => v != null));
    const log = !share && all.length > 0 && Math.min(...all) > 0, f = log ? Math.log10 : (v) => v;
    let low = log ? f(Math.min(...all)) : Math.min(0, ...all), high = share ? 1 : f(Math.max(...all, log ? 0 : 1e-9));
    if (log) low = Math.max(low, high - DECADES); // what is next to nothing lies on the floor
    if (!all.length) { low = 0; high = 1; }
    if (high - low < 0.2 && !share) { low -= 0.1; high += 0.1; }
    const steps = lines.flatMap((line) => [line.step[0], line.step.at(-1)]), first = steps.length ? Math.min(...steps) : 0, last = Math.max(first + 1, ...steps);
    const x = (step) => LEFT + ((width - LEFT - RIGHT) * (step - first)) / (last - first);
    const y = (v) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (Math.max(f(v), low) - low) / (high - low));
    scale = { x, first, last, width };
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const parts = [];
    for (const v of page.ticks(low, high, log)) parts.push(make("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: y(v), y2: y(v) }), make("text", { x: LEFT - 6, y: y(v) + 3.5, "text-anchor": "end" }, tick(v)));
    if (all.length) parts.push(make("text", { x: LEFT, y: HEIGHT - 5 }, first.toLocaleString("en")));
    if (steps.some((step) => step > first)) parts.push(make("text", { x: width - RIGHT, y: HEIGHT - 5, "text-anchor": "end" }, last.toLocaleString("en")));
    for (const { step, words } of marks) {
      if (step < first || step > last) continue;
      const group = make("g", { class: "turned" });
      group.append(make("title", {}, words), make("line", { x1: x(step), x2: x(step), y1: TOP, y2: HEIGHT - BOTTOM }), make("path", { d: `M${x(step) - 4} ${TOP}h8l-4 6z` }));
      parts.push(group);
    }
    for (const line of lines) {
      let pen = "M";
      const d = line.values.map((v, i) => { if (v == null) { pen = "M"; return ""; } const to = `${pen}${x(line.step[i]).toFixed(1)} ${y(v).toFixed(1)}`; pen = "L"; return to; }).join("");
      parts.push(make("path", { class: /L/.test(d) ? "line" : "line dot", d: /L/.test(d) ? d : `${d}h.1`, style: `${stroke(line.actor)}${line.colour ? `;stroke:${line.colour}` : ""}`, "stroke-dasharray": line.dash }));
    }
    parts.push(make("line", { class: "cursor", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" }));
    svg.replaceChildren(...parts);
    const keys = JSON.stringify([page.language, empty, lines.map((line) => [line.text, line.actor, line.dash, line.name])]);
    if (keys === keyed) return;
    keyed = keys;
    legend.replaceChildren(...lines.map((line) => {
      const item = document.createElement("li"), sample = make("svg", { viewBox: "0 0 22 8", width: 22, height: 8, "aria-hidden": "true" });
      sample.append(make("path", { d: "M0 4H22", style: line.colour ? `stroke:${line.colour}` : stroke(line.actor), "stroke-dasharray": line.dash }));
      item.append(sample, ` ${line.name ?? page.t(line.text)} `, document.createElement("b"));
      return item;
    }));
    if (!lines.length) legend.append(Object.assign(document.createElement("li"), { textContent: page.t(empty) }));
    outputs = [...legend.querySelectorAll("b")];
  }

  const nearest = (line, step) => line.step.reduce((best, s, i) => (line.values[i] != null && (best < 0 || Math.abs(s - step) < Math.abs(line.step[best] - step)) ? i : best), -1);

  // Shows the values at a step, the newest ones at null.
  function read(step) {
    const cursor = svg.querySelector(".cursor");
    if (!cursor || !scale) return;
    const shown = step != null && lines.length && step >= scale.first && step <= scale.last;
    cursor.setAttribute("visibility", shown ? "visible" : "hidden");
    if (shown) for (const end of ["x1", "x2"]) cursor.setAttribute(end, scale.x(step));
    lines.forEach((line, i) => {
      const at = step == null ? line.values.findLastIndex((v) => v != null) : nearest(line, step);
      outputs[i].textContent = short(line.values[at]);
    });
  }

  let stood = null; // where the arrow keys have led
  svg.addEventListener("pointermove", (event) => {
    if (!scale || !lines.length) return;
    const box = svg.getBoundingClientRect(), share = ((event.clientX - box.left) * scale.width / box.width - LEFT) / (scale.width - LEFT - RIGHT);
    point(Math.round(scale.first + Math.min(1, Math.max(0, share)) * (scale.last - scale.first)));
  });
  svg.addEventListener("pointerleave", () => point(null));
  svg.addEventListener("blur", () => { stood = null; point(null); });
  svg.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (!way || !lines.length) return;
    event.preventDefault();
    const { step } = lines.reduce((a, b) => (b.step.length > a.step.length ? b : a));
    stood = Math.min(step.length - 1, Math.max(0, (stood ?? (way > 0 ? -1 : step.length)) + way));
    point(step[stood]);
    figure.querySelector(".said").textContent = `${page.t(unit, { step: step[stood].toLocaleString("en") })}: ${lines.map((line, i) => `${line.name ?? page.t(line.text)} ${outputs[i].textContent}`).join(", ")}`;
  });
  return { draw, read };
}

// Counts in equal bins over [0, 1], each kind in its actor's colour: filled, or as an outline.
function drawScores(figure, scores) {
  const svg = figure.querySelector("svg"), legend = figure.querySelector(".legend"), width = Math.max(220, svg.clientWidth || 300);
  const kinds = [["real", "line.real", "real", true], ["fake", "line.fake", "generated", true], ["rec", "line.rec_images", "encoder", false], ["train", "line.train_images", "real", false]];
  const shown = kinds.filter(([kind]) => scores?.[kind]?.some(Boolean)).map(([kind, ...rest]) => [scores[kind], ...rest]);
  figure.classList.toggle("empty", !shown.length);
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  const y0 = HEIGHT - BOTTOM, parts = [make("line", { class: "rule", x1: 6, x2: width - 6, y1: y0, y2: y0 })];
  for (const [at, text, anchor] of [[6, "looks_fake", "start"], [width - 6, "looks_real", "end"]]) parts.push(make("text", { x: at, y: HEIGHT - 5, "text-anchor": anchor }, page.t(text)));
  for (const [counts, , actor, filled] of shown) {
    const all = counts.reduce((a, b) => a + b, 0), wide = (width - 12) / counts.length;
    const tops = counts.map((n) => y0 - (y0 - TOP) * Math.min(1, (2 * n) / all)); // full height is half of all in one bin
    const d = `M6 ${y0}${tops.map((top, i) => `V${top.toFixed(1)}H${(6 + (i + 1) * wide).toFixed(1)}`).join("")}V${y0}`;
    parts.push(make("path", { class: filled ? "bars" : "line", d, style: filled ? `fill:var(--${actor})` : stroke(actor), "stroke-dasharray": filled ? "" : "4 3" }));
  }
  svg.replaceChildren(...parts);
  legend.replaceChildren(...shown.map(([counts, text, actor, filled]) => {
    const item = document.createElement("li"), all = counts.reduce((a, b) => a + b, 0), mean = counts.reduce((sum, n, i) => sum + n * (i + 0.5), 0) / all / counts.length;
    item.className = filled ? "box" : "frame";
    item.style.setProperty("--actor", `var(--${actor})`);
    item.append(`${page.t(text)} `, Object.assign(document.createElement("b"), { textContent: mean.toFixed(2) }));
    return item;
  }));
  if (!shown.length) legend.append(Object.assign(document.createElement("li"), { textContent: page.t("no_scores") }));
}

// Codes of test images over latents from the prior, in the first two of their coordinates.
function drawCodes(figure, look) {
  const canvas = figure.querySelector("canvas"), context = canvas.getContext("2d"), style = getComputedStyle(canvas);
  const ratio = window.devicePixelRatio || 1, side = (canvas.width = canvas.height = Math.round((canvas.clientWidth || 240) * ratio));
  const groups = [look?.prior ?? [], look?.codes ?? []], labels = look?.labels, all = groups.flat();
  figure.classList.toggle("empty", !all.length);
  figure.querySelector(".note").textContent = page.t(all.length ? (labels ? "cloud_classes" : "cloud_plain") : "cloud_none");
  if (!all.length) return;
  const sizes = all.flatMap((p) => p.map(Math.abs)).sort((a, b) => a - b), reach = Math.max(1, sizes[Math.floor(0.99 * (sizes.length - 1))]) * 1.12;
  const at = (v) => side / 2 + (v / reach) * (side / 2);
  context.strokeStyle = style.getPropertyValue("--hairline");
  context.beginPath();
  context.moveTo(side / 2, 0); context.lineTo(side / 2, side); context.moveTo(0, side / 2); context.lineTo(side, side / 2);
  context.stroke();
  groups.forEach((points, codes) => points.forEach(([x, y], i) => {
    context.fillStyle = style.getPropertyValue(!codes ? "--quiet" : labels ? `--class-${labels[i] % 8}` : "--encoder");
    context.globalAlpha = codes ? 0.9 : 0.35;
    context.beginPath();
    if (codes && labels && labels[i] >= 8) context.rect(at(x) - 2.2 * ratio, at(-y) - 2.2 * ratio, 4.4 * ratio, 4.4 * ratio);
    else context.arc(at(x), at(-y), (codes ? 2.3 : 1.7) * ratio, 0, 7);
    context.fill();
  }));
  context.globalAlpha = 1;
}

// The standard deviation of each latent dimension, largest first: what stands near zero is not used.
function drawSpread(figure, spread) {
  const svg = figure.querySelector("svg"), width = Math.max(220, svg.clientWidth || 300), most = Math.max(1e-9, ...(spread ?? []));
  figure.classList.toggle("empty", !spread?.length);
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  const wide = (width - LEFT - RIGHT) / Math.max(1, spread?.length ?? 1), y0 = HEIGHT - BOTTOM, parts = [make("line", { class: "rule", x1: LEFT, x2: width - RIGHT, y1: y0, y2: y0 })];
  if (spread?.length) parts.push(make("text", { x: LEFT - 6, y: TOP + 10, "text-anchor": "end" }, +most.toPrecision(2)), make("text", { x: LEFT - 6, y: y0, "text-anchor": "end" }, 0));
  (spread ?? []).forEach((v, i) => parts.push(make("rect", { x: LEFT + i * wide + 0.5, width: Math.max(1, wide - 1), y: y0 - ((y0 - TOP) * v) / most, height: ((y0 - TOP) * v) / most, style: "fill:var(--encoder)" })));
  svg.replaceChildren(...parts);
  figure.querySelector(".note").textContent = spread?.length ? page.t("spread_used", { used: spread.filter((v) => v > 0.1 * most).length, all: spread.length }) : page.t("nothing_yet");
}

// All charts of the monitor. `update` takes {records, figures, changes, look, at}; `at` is a step, or null for now.
export function createCharts(root) {
  const figures = Object.fromEntries([...root.querySelectorAll("figure[data-chart]")].map((figure) => [figure.dataset.chart, figure]));
  let data = {}, pointed = null;
  const read = () => { for (const chart of Object.values(charts)) chart.read(pointed ?? data.at ?? null); };
  const point = (step) => { pointed = step; read(); };
  const empty = { scores: "no_scores" };
  const charts = Object.fromEntries(Object.keys(LINES).map((name) => [name, createLines(figures[name], { share: SHARES.includes(name), empty: empty[name], point })]));

  function update(given) {
    data = { ...data, ...given };
    const turns = new Map(); // at one step only the last value of each knob counts
    for (const { step, values } of data.changes ?? []) turns.set(step, { ...turns.get(step), ...values });
    const marks = [...turns].map(([step, values]) => ({ step, words: page.t("turned_at", { step: step.toLocaleString("en"), what: Object.entries(values).map(([k, v]) => `${k} = ${+v.toPrecision(3)}`).join(", ") }) }));
    const records = thin(data.records), measured = thin(data.figures);
    for (const [name, chart] of Object.entries(charts)) {
      if (figures[name].closest("details:not([open])")) continue; // it is folded away
      const columns = ["distance", "variety"].includes(name) ? measured : records;
      const lines = LINES[name].filter(([metric]) => columns.metrics[metric]).map(([metric, text, actor, dash]) => ({ text, actor, dash, step: columns.step, values: columns.metrics[metric] }));
      chart.draw(lines, marks);
    }
    figures.distance.hidden = Boolean(measured.step.length) && !measured.metrics["fd/samples"]; // points have none
    root.querySelector(".turns").textContent = marks.slice(-2).map((mark) => mark.words).join(" · ");
    drawScores(figures.histogram, data.look?.scores);
    drawCodes(figures.cloud, data.look);
    drawSpread(figures.spread, data.look?.spread);
    read();
  }
  for (const details of root.querySelectorAll("details")) details.addEventListener("toggle", () => update({}));
  return { update };
}
