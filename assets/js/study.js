// A study's results: one table for two ways to be fair, a plot against time, targets, what each
// ingredient is worth, and how all was measured.
// What comes from files is set as text, never as markup.
const page = window.aegan, $ = (selector) => root.querySelector(selector);
const root = element.querySelector(".aegan"), chooser = $(".chooser"), svg = $(".plot svg");
let study = null; // what the server said
let order = { by: null, up: true }; // of the table's rows
let spot = null; // {mark, row} that the pointer or the arrow keys point at

const arm = () => root.querySelector("input[name=study-arm]:checked").value;
const fixed = (value, digits, like = value) => value.toFixed(digits === 2 && Math.abs(like) >= 100 ? 1 : digits); // `like`: what it stands beside
const count = (value) => Math.round(value).toLocaleString("en");

function make(tag, name, text) {
  const node = document.createElement(tag);
  node.className = name;
  if (text != null) node.textContent = text;
  return node;
}

function known(key, words) { // a text by a key that a file gave; the file's own words where there is none
  const text = page.t(key);
  return text === key ? words : text;
}

const title = (row) => known(`objective.${row.name}`, row.title);
const colour = (row) => `var(--row-${row.name.replace(/[^a-z-]/g, "")}, var(--quiet))`;

function time(seconds) {
  if (seconds < 100) return page.t("seconds_spent", { seconds: Math.round(seconds) });
  return seconds < 6000 ? page.t("minutes_spent", { minutes: +(seconds / 60).toFixed(1) }) : page.t("hours_spent", { hours: +(seconds / 3600).toFixed(1) });
}

function moment(seconds) { // in the unit of the plot's axis
  const [size, key] = unit();
  return page.t(`${key}_spent`, { [key]: +(seconds / size).toFixed(size > 1 ? 1 : 0) });
}

const unit = () => (study.budget <= 600 ? [1, "seconds"] : study.budget <= 7200 ? [60, "minutes"] : [3600, "hours"]);

// -- the table ---------------------------------------------------------------------------------------------------

function columns() {
  return [...study.columns.map(({ name, digits, more }) => ({ name, digits, more, of: (line) => line.figures[name] })),
    { name: "images", digits: 0, of: (line) => [line.images, null] }, { name: "seconds", digits: 0, of: (line) => [line.seconds, null] }];
}

function lines() { // what the table shows: a row, and below it the same models sampled in other ways
  const shown = [], others = $(".more input").checked;
  for (const row of study.rows) {
    const at = row.arms[arm()];
    if (!at) continue;
    const group = [{ row, prior: row.prior, figures: at.figures, images: at.images, seconds: at.seconds }];
    if (others) for (const [prior, figures] of Object.entries(at.others)) group.push({ ...group[0], prior, figures, other: true });
    shown.push(group);
  }
  if (order.by) {
    const column = columns().find((c) => c.name === order.by), of = (group) => column?.of(group[0])?.[0];
    shown.sort((a, b) => (of(a) == null) - (of(b) == null) || (order.up ? 1 : -1) * (of(a) - of(b)) || 0);
  }
  return shown.flat();
}

function cell(given, digits, best) {
  const td = make("td", best ? "best" : "");
  if (!given) { td.append(make("span", "none", "–")); return td; }
  td.append(make("b", "", digits ? fixed(given[0], digits) : count(given[0])));
  if (given[1] != null) td.append(make("i", "", ` ± ${fixed(given[1], digits, given[0])}`));
  if (best) td.append(make("span", "sr-only", ` (${page.t("best")})`));
  return td;
}

function table() {
  const all = columns(), shown = lines(), head = $("thead tr"), body = $("tbody"), foot = $("tfoot");
  const best = Object.fromEntries(study.columns.map(({ name, digits, more }) => {
    const values = shown.map((line) => line.figures[name]?.[0]).filter((v) => v != null).map((v) => +v.toFixed(digits));
    return [name, values.length > 1 ? (more ? Math.max : Math.min)(...values) : null];
  }));
  head.replaceChildren(...[{ name: "objective" }, ...all].map(({ name, more }) => {
    const th = make("th", ""), text = page.t(name === "objective" ? "preset" : `figure.${name}`);
    th.scope = "col";
    if (name === "objective") { th.textContent = text; return th; }
    const button = make("button", "", text);
    button.type = "button";
    button.title = [page.t(`figure_help.${name}`), more == null ? "" : page.t(more ? "more_is_better" : "less_is_better")].join(" ");
    if (more != null) button.append(make("span", "way", more ? " ↑" : " ↓"));
    if (order.by === name) th.setAttribute("aria-sort", order.up ? "ascending" : "descending");
    button.addEventListener("click", () => {
      order = { by: name, up: order.by === name ? !order.up : more !== true };
      table();
      root.querySelectorAll("thead button")[all.findIndex((c) => c.name === name)].focus();
    });
    th.append(button);
    return th;
  }));
  body.replaceChildren(...shown.map((line) => {
    const tr = make("tr", line.other ? "other" : line.row.name === "aegan" ? "ours" : ""), th = make("th", "");
    th.scope = "row";
    th.style.setProperty("--line", colour(line.row));
    th.append(make("span", "name", line.other ? "" : title(line.row)), make("span", "prior", known(`prior.${line.prior}`, line.prior)));
    if (line.row.diverged && !line.other) th.append(make("span", "prior", page.t("diverged", { n: line.row.diverged, seeds: line.row.seeds })));
    tr.append(th, ...all.map((c) => {
      const given = c.of(line);
      return cell(given, c.digits, given && best[c.name] != null && +given[0].toFixed(c.digits) === best[c.name]);
    }));
    return tr;
  }));
  const floor = make("tr", "floor"), th = make("th", "");
  th.scope = "row";
  th.append(make("span", "name", page.t("real_images")), make("span", "prior", page.t("floor_row")));
  floor.append(th, ...all.map((c) => (study.floor[c.name] == null ? make("td", "") : cell([study.floor[c.name], null], c.digits))));
  foot.replaceChildren(...(Object.keys(study.floor).length ? [floor] : []));
}

// -- the plot ----------------------------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";
function draw(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text != null) node.textContent = text;
  return node;
}

function spreadOut(labels, low, high, gap) { // labels beside lines' ends, moved apart where they would overlap
  labels.sort((a, b) => a.y - b.y);
  for (let pass = 0; pass < 200; pass++) {
    for (let i = 1; i < labels.length; i++) {
      const overlap = gap - (labels[i].y - labels[i - 1].y);
      if (overlap > 0) { labels[i].y += overlap / 2; labels[i - 1].y -= overlap / 2; }
    }
    for (const label of labels) label.y = Math.min(high, Math.max(low, label.y));
  }
}

function plot() {
  const curves = study.rows.filter((row) => row.curve.length), log = study.followed === "fd/samples";
  const W = Math.max(300, svg.clientWidth), H = W < 480 ? 300 : 360, TOP = 10, BOTTOM = 34;
  svg.setAttribute("viewBox", `0 0 ${W} ${H}`);
  svg.setAttribute("height", H);
  svg.replaceChildren();
  $(".plot").hidden = !curves.length;
  if (!curves.length) return;
  $(".plot figcaption").textContent = page.t(log ? "plot_title" : "plot_title_points", study);
  const f = log ? Math.log10 : (v) => v, values = curves.flatMap((row) => row.curve.flatMap((p) => [p.min, p.max])).filter((v) => !log || v > 0);
  const low = log ? f(Math.min(...values)) - 0.06 : 0, high = log ? f(Math.max(...values)) + 0.03 : 1;
  const ticks = page.ticks(low, high, log).map((v) => [v, +v.toPrecision(2)]);
  const room = (texts, kind) => Math.max(0, ...texts.map((text) => svg.appendChild(draw("text", { class: kind }, text)).getComputedTextLength()));
  const LEFT = 10 + room(ticks.map(([, text]) => text), ""), RIGHT = 20 + room(curves.map((row) => `${title(row)} 000.00`), "label");
  svg.replaceChildren();
  const x = (seconds) => LEFT + (W - LEFT - RIGHT) * Math.min(1.02, seconds / study.budget);
  const y = (v) => TOP + (H - TOP - BOTTOM) * (1 - (f(Math.max(v, 1e-12)) - low) / (high - low));
  for (const [v, text] of ticks) {
    svg.append(draw("line", { class: "rule", x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v) }), draw("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, text));
  }
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const at = share * study.budget, text = share === 1 ? moment(at) : +(at / unit()[0]).toFixed(1);
    svg.append(draw("text", { x: x(at), y: H - 14, "text-anchor": "middle" }, text));
  }
  const floor = study.floor[study.followed], below = floor != null && f(Math.max(floor, 1e-12)) < low;
  if (floor != null && !below) svg.append(draw("line", { class: "floor", x1: LEFT, x2: W - RIGHT, y1: y(floor), y2: y(floor) }));
  if (floor != null) svg.append(draw("text", { class: "floor", x: LEFT + 6, y: below ? H - BOTTOM - 6 : y(floor) - 5 }, `${below ? "↓ " : ""}${page.t("real_images")} ${floor.toFixed(2)}`));
  const cursor = svg.appendChild(draw("line", { class: "cursor", y1: TOP, y2: H - BOTTOM, visibility: "hidden" }));
  const labels = curves.map((row, i) => {
    const group = draw("g", { class: row.name === "aegan" ? "curve ours" : "curve" }), points = row.curve, at = (p, v) => `${x(p.seconds).toFixed(1)} ${y(v).toFixed(1)}`;
    group.style.setProperty("--line", colour(row));
    const upper = points.map((p) => at(p, p.max)), lower = points.map((p) => at(p, p.min)).reverse();
    group.append(draw("path", { class: "band", d: `M${[...upper, ...lower].join("L")}Z` }), draw("path", { class: "line", d: `M${points.map((p) => at(p, p.mean)).join("L")}` }));
    for (const p of points) group.append(draw("circle", { cx: x(p.seconds), cy: y(p.mean), r: row.name === "aegan" ? 3.5 : 2.5 }));
    svg.append(group);
    return { row, i, group, end: points.at(-1), y: y(points.at(-1).mean) };
  });
  const digits = log ? 2 : 3, marks = Math.max(...curves.map((row) => row.curve.length));
  spreadOut(labels, TOP + 6, H - BOTTOM - 4, W < 480 ? 15 : 17);
  for (const label of labels) {
    const from = { x: x(label.end.seconds) + 4, y: y(label.end.mean) };
    label.group.append(draw("path", { class: label.row.curve.length < marks ? "leader far" : "leader", d: `M${from.x} ${from.y}L${W - RIGHT + 14} ${label.y}` }));
    const text = draw("text", { class: "label", x: W - RIGHT + 18, y: label.y + 4 });
    label.value = draw("tspan", { class: "value", dx: 5 });
    text.append(draw("tspan", {}, title(label.row)), label.value);
    label.group.append(text);
  }
  const select = (next) => { // null: nothing; the labels then tell the ends
    spot = next;
    cursor.setAttribute("visibility", next ? "visible" : "hidden");
    for (const label of labels) {
      const p = next ? label.row.curve[next.mark] : label.end;
      label.value.textContent = p ? fixed(p.mean, digits) : "–";
      label.group.classList.toggle("aside", Boolean(next) && label.i !== next.row);
    }
    if (!next) { $(".readout").textContent = [study.seeds !== "1" && page.t("plot_bands", study), page.t("plot_help")].filter(Boolean).join(" "); return; }
    const row = curves[next.row], p = row.curve[next.mark];
    cursor.setAttribute("x1", x(p.seconds));
    cursor.setAttribute("x2", x(p.seconds));
    $(".readout").textContent = page.t("plot_value", { name: title(row), time: moment(p.seconds), value: fixed(p.mean, digits), low: fixed(p.min, digits), high: fixed(p.max, digits) });
  };
  const fits = (next) => (curves[next.row]?.curve[next.mark] ? next : null);
  const nearest = (list, distance) => list.reduce((best, item, i) => (distance(item) < distance(list[best]) ? i : best), 0);
  svg.onpointermove = (event) => {
    const box = svg.getBoundingClientRect(), px = (event.clientX - box.left) * W / box.width, py = (event.clientY - box.top) * H / box.height;
    const longest = curves.find((row) => row.curve.length === marks).curve, mark = nearest(longest, (p) => Math.abs(x(p.seconds) - px));
    const row = px > W - RIGHT ? labels.reduce((a, b) => (Math.abs(b.y - py) < Math.abs(a.y - py) ? b : a)).i
      : nearest(curves, (r) => (r.curve[mark] ? Math.abs(y(r.curve[mark].mean) - py) : 1e9));
    select(fits({ mark, row }));
  };
  svg.onpointerleave = () => select(null);
  svg.onblur = () => select(null);
  svg.onkeydown = (event) => { // left and right: time; up and down: the line above or below
    if (event.key === "Escape") return select(null);
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by) return;
    event.preventDefault();
    const now = spot ?? { mark: marks - 1, row: labels[0].i }, places = labels.map((label) => label.i);
    const place = Math.min(places.length - 1, Math.max(0, places.indexOf(now.row) + (spot ? by[1] : 0)));
    const next = { mark: Math.min(marks - 1, Math.max(0, now.mark + (spot ? by[0] : 0))), row: places[place] };
    select(fits(next) ?? spot);
  };
  select(spot && fits(spot));
}

// -- targets and words -------------------------------------------------------------------------------------------

const signed = (value) => (value && Math.abs(value) < 0.1 ? String(+value.toPrecision(2)) : value.toFixed(2)).replace("-", "−"); // 0.006, not 0.01

function targets() {
  const here = study.targets.filter((target) => target.arm === arm()), list = $(".targets .list");
  $(".targets").hidden = !here.length;
  $(".tally").textContent = page.t("targets_tally", { met: here.filter((t) => t.met).length, all: here.length, arm: page.t(`arm_${arm()}`) });
  list.replaceChildren();
  let last = null, items = null;
  for (const target of here) {
    if (target.number !== last) {
      items = make("ul", "");
      list.append(make("h4", "", known(`goal.${target.number}`, String(target.number))), items);
      last = target.number;
    }
    const item = make("li", target.met ? "met" : "missed");
    const mark = make("span", "mark", target.met ? "✓" : "✗");
    mark.setAttribute("aria-hidden", "true");
    const value = make("span", "measured");
    value.append(make("b", "", target.value == null ? page.t("never") : signed(target.value)), make("span", "", ` ${target.sign} ${signed(target.limit)}`));
    item.append(mark, make("span", "words", known(`target.${target.text}`, target.text)), value, make("span", "verdict", page.t(target.met ? "met" : "missed")));
    items.append(item);
  }
}

function ingredients() { // one bar for each change of the recipe, all from the same zero; a mark at what the whole recipe has
  const most = Math.max(1, ...study.ingredients.map((row) => row.worth)), seeds = Math.max(0, ...study.ingredients.map((row) => row.seeds));
  const whole = { name: "aegan", title: page.t("whole_recipe"), worth: 1, value: study.rows.find((row) => row.name === "aegan")?.arms.time?.figures[study.followed]?.[0] };
  $(".ingredients").hidden = !study.ingredients.length || whole.value == null;
  $(".ingredients .about").textContent = [page.t("ingredients_help", { budget: time(study.budget) }), seeds > 1 ? "" : page.t("ingredients_single")].join(" ");
  $(".ingredients ul").replaceChildren(...[...study.ingredients, whole].sort((a, b) => b.worth - a.worth).map((row) => {
    const item = make("li", row === whole ? "whole" : ""), bar = make("span", "bar");
    bar.setAttribute("aria-hidden", "true");
    bar.style.setProperty("--share", `${100 * row.worth / most}%`);
    bar.style.setProperty("--one", `${100 / most}%`);
    item.append(make("span", "words", row === whole ? row.title : known(`ingredient.${row.name}`, row.title)), bar, make("b", "", `× ${row.worth.toFixed(2)}`), make("span", "value", row.value == null ? "" : row.value.toFixed(2)));
    return item;
  }));
}

function how() {
  const s = study;
  const facts = {
    networks: s.networks, train: count(s.train_count), data: s.data.title, batch: s.batch_size, seeds: s.seeds, budget: time(s.budget),
    clock: known(`clock.${s.clock}`, s.clock), machines: s.machines.join("; "), images: count(s.images), trials: s.trials, tuning: time(s.tuning),
    made: count(s.generated_count), real: count(s.test_count), extractor: s.extractor, commits: s.commits.join(", "), torch: s.torch,
    credit: s.data.credit, license: s.data.license,
  };
  const lost = s.rows.filter((row) => row.diverged).map((row) => `${title(row)} (${row.diverged})`).join(", ");
  const keys = ["how_networks", "how_time", "how_images", s.tuning ? "how_tuning" : "how_untuned",
    s.extractor ? "how_figures" : "how_points", s.seeds === "1" ? "how_single" : "how_spread", ...(lost ? ["how_diverged"] : []), "how_made"];
  $(".how .text").textContent = keys.map((key) => page.t(key, { ...facts, lost })).join(" ");
  const lead = arm() === "time" ? page.t("study_lead_time", facts) : page.t("study_lead_images", facts);
  $(".lead").textContent = [lead, s.seeds !== "1" && page.t("study_spread", facts)].filter(Boolean).join(" ");
}

function show() {
  if (!study) return;
  $(".body").hidden = false;
  how();
  table();
  targets();
  ingredients();
  plot();
}

// -- asking ------------------------------------------------------------------------------------------------------

const ask = page.newest((name) => server.on_study({ study: name }), (given) => {
  study = given;
  order = { by: null, up: true };
  spot = null;
  $(".message").textContent = "";
  show();
}, (sentence) => { $(".message").textContent = page.say(sentence); });

const askSheet = page.newest((name) => server.on_sheet({ study: name }), ({ image }) => {
  $(".sheet").hidden = !image;
  if (image) $(".sheet img").src = image;
}, () => {});

function begin() { ask(chooser.value); askSheet(chooser.value); }

function follow() { // the study of the chosen model's data, if there is one
  const data = page.facts.models.find((model) => model.name === page.model)?.data;
  const fitting = [...chooser.options].find((option) => option.dataset.data === data);
  if (!fitting || chooser.selectedOptions[0]?.dataset.data === data) return false;
  chooser.value = fitting.value;
  return true;
}

$(".which").hidden = chooser.options.length < 2;
chooser.addEventListener("change", begin);
for (const radio of root.querySelectorAll("input[name=study-arm]")) radio.addEventListener("change", show);
$(".more input").addEventListener("change", table);
page.on("model", () => follow() && begin());
page.mount(element, show);
let width = 0;
new ResizeObserver(() => { if (study && svg.clientWidth && svg.clientWidth !== width) { width = svg.clientWidth; plot(); } }).observe(svg);
follow();
begin();
