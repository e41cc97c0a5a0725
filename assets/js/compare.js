// Strips of eight pictures, one for each model: from the same noise, and of the same test images.
const page = window.aegan, $ = (selector) => root.querySelector(selector);
const root = element.querySelector(".aegan"), seed = $(".seed"), walk = $(".walk");
const COLUMNS = 8, MOST = 2147483647;
const address = new URLSearchParams(location.search);
let family = null; // what the server said of the chosen model and its like
let strips = []; // {kind, model, box, shown}: what is to be drawn, in this order
let tests = 1; // says which test images
let wanted = null; // the newest wish

const whole = (value) => Math.min(MOST, Math.max(0, Math.floor(+value || 0)));
seed.value = address.has("noise") ? whole(address.get("noise")) : 1;
walk.setAttribute("aria-pressed", address.get("walk") === "1");
const walks = () => walk.getAttribute("aria-pressed") === "true";

// An element with its text by key, so that it changes with the language; what comes from files is never markup.
function make(tag, name, key, values = {}) {
  const node = document.createElement(tag);
  node.className = name;
  if (key) Object.assign(node.dataset, values, { t: key });
  return node;
}

function said(node, text) { node.textContent = text; return node; }

function lasted(seconds) {
  if (seconds < 100) return make("span", "", "seconds_spent", { seconds: Math.round(seconds) });
  if (seconds < 6000) return make("span", "", "minutes_spent", { minutes: Math.round(seconds / 60) });
  return make("span", "", "hours_spent", { hours: (seconds / 3600).toFixed(1) });
}

const spread = (value, sd) => [value, sd].filter((v) => v != null).map((v) => v.toFixed(value < 100 ? 2 : 0)).join(" ± ");

function desk(model) { // the terms that any model of the family learns from: lit where this one does
  const list = make("ul", "terms");
  for (const term of family.terms) {
    const weight = model.weights[term], item = make("li", weight ? "lit" : "");
    item.dataset.tTitle = `help.${term}`;
    item.append(said(make("b", ""), term), weight ? said(make("i", ""), String(+weight.toPrecision(3))) : make("i", "sr-only", "term_off"));
    list.append(item);
  }
  return list;
}

function distance(extractor, help, value, sd, made, real) { // a Fréchet distance, and what it was measured on
  const box = make("div", "figure");
  if (value == null) { box.append(make("p", "unit", "fd_unknown")); return box; }
  Object.assign(box.dataset, { tTitle: help, made: made?.toLocaleString("en") ?? "?", real: real?.toLocaleString("en") ?? "?" });
  box.append(said(make("p", "value"), spread(value, sd)), said(make("p", "unit"), extractor ? `FD (${extractor})` : "FD"));
  return box;
}

function addRow(rows, kind, model, facts) {
  const row = make("div", "row"), who = make("div", "who"), box = make("div", `strip waiting ${kind}`), title = make("h3", "");
  if (model) title.append(make("span", "", `objective.${model.objective}`), said(make("span", "file"), page.called(model.name)));
  else title.append(make("span", "", "real_images"));
  who.append(title);
  if (model && kind === "noise") who.append(desk(model));
  for (let k = 0; k < COLUMNS; k++) {
    const picture = document.createElement("img");
    picture.alt = "";
    picture.addEventListener("pointerenter", () => point(k));
    box.append(picture);
  }
  box.addEventListener("pointerleave", () => point(null));
  row.append(who, box, facts);
  rows.append(row);
  strips.push({ kind, model: model?.name ?? family.model, title: model ? `objective.${model.objective}` : "real_images", box, row, shown: "" });
}

function point(column) { // the same column of all strips: the same noise, or the same test image
  for (const { box } of strips) [...box.children].forEach((picture, k) => picture.classList.toggle("aside", column != null && k !== column));
}

function build() {
  const generated = $(".generated .rows"), rebuilt = $(".rebuilt .rows"), lengths = $(".lengths");
  strips = [];
  generated.replaceChildren();
  rebuilt.replaceChildren();
  for (const model of family?.rows ?? []) {
    const facts = make("div", "facts-of"), trained = make("p", "unit trained");
    if (model.seconds) trained.append(lasted(model.seconds));
    if (model.step) trained.append(make("span", "", "steps_spent", { steps: model.step.toLocaleString("en") }));
    trained.title = model.hardware;
    facts.append(distance(model.extractor, "fd_help", model.fd, model.fd_sd, model.generated_count, model.test_count), trained);
    addRow(generated, "noise", model, facts);
  }
  const encoders = (family?.rows ?? []).filter((model) => model.has_encoder);
  $(".rebuilt").hidden = !family?.has_tests || !encoders.length;
  if (!$(".rebuilt").hidden) {
    addRow(rebuilt, "real", null, make("div", "facts-of"));
    for (const model of encoders) {
      const facts = make("div", "facts-of");
      facts.append(distance(model.extractor, "fd_reconstructions_help", model.fd_reconstructions, null, null, model.test_count), make("p", "unit here"));
      addRow(rebuilt, "reconstructions", model, facts);
    }
  }
  const seconds = (family?.rows ?? []).map((model) => model.seconds).filter(Boolean), alone = family && family.rows.length < 2;
  const uneven = seconds.length > 1 && Math.max(...seconds) > 1.25 * Math.min(...seconds);
  lengths.hidden = !uneven && !alone;
  lengths.dataset.t = alone ? "compare_alone" : document.getElementById("study") ? "uneven_study" : "uneven";
  lengths.dataset.data = family?.data ?? "";
  page.translate(root);
}

function label(strip, request) {
  const name = page.t(strip.title), last = (request.seed + COLUMNS - 1) % (MOST + 1);
  strip.box.setAttribute("role", "img"); // only now: before, there is nothing to say of it
  strip.box.setAttribute("aria-label", page.t(`strip_${request.kind}`, { name, first: request.seed, last }));
}

function requestOf(strip) {
  const kind = strip.kind === "noise" && walks() ? "walk" : strip.kind;
  return { model: strip.model, kind, seed: strip.kind === "noise" ? +seed.value : tests };
}

const ask = page.newest(async (wish) => {
  if (family?.model !== wish.model) {
    const given = await server.on_family({ model: wish.model });
    const names = (of) => String(of?.rows?.map((row) => row.name)), same = names(given) === names(family);
    family = given.error ? null : given;
    if (!same) build(); // another of the same family was chosen: nothing moves
    if (given.error) return given;
  }
  let failure = null;
  for (const strip of strips) { // one request after the other: nobody takes more than one seat
    const request = requestOf(strip), key = JSON.stringify(request);
    if (wish !== wanted) return {}; // a newer one waits
    if (strip.shown === key) continue;
    const given = await server.on_strip(request);
    if (given.error) { failure = failure ?? given; continue; }
    strip.shown = key;
    strip.box.classList.remove("waiting");
    [...strip.box.children].forEach((picture, k) => { picture.src = given.pictures[k]; });
    label(strip, request);
    if (given.psnr != null) { // what is shown, not what was measured on all test images
      const here = strip.row.querySelector(".here");
      Object.assign(here.dataset, { t: "psnr_here", tTitle: "psnr_help", value: given.psnr.toFixed(1) });
      page.translate(strip.row);
    }
  }
  if (!failure) $(".news").textContent = page.t("announce_strips", { seed: seed.value });
  return failure ?? {};
}, () => { $(".message").textContent = ""; }, (sentence) => { $(".message").textContent = page.say(sentence); });

function update() {
  if (!page.model) { $(".message").textContent = page.t("no_model"); return; }
  wanted = { model: page.model };
  ask(wanted);
}

function remember() { // a link to these very pictures
  const link = new URL(location);
  link.searchParams.set("noise", seed.value);
  if (walks()) link.searchParams.set("walk", "1"); else link.searchParams.delete("walk");
  history.replaceState(history.state, "", link);
}

$(".renew").addEventListener("click", () => { seed.value = Math.floor(Math.random() * 1e6); remember(); update(); });
seed.addEventListener("change", () => { seed.value = whole(seed.value); remember(); update(); });
walk.addEventListener("click", () => { walk.setAttribute("aria-pressed", !walks()); show(); remember(); update(); });
$(".others").addEventListener("click", () => { tests = Math.floor(Math.random() * 1e6); update(); });
const show = () => {
  $(".what").dataset.t = walks() ? "walk_what" : "from_noise_help";
  page.translate(root);
  for (const strip of strips) if (strip.shown) label(strip, JSON.parse(strip.shown));
};
page.mount(element, show);
const inSight = () => root.offsetParent !== null;
page.on("model", () => inSight() && update());
new IntersectionObserver(() => inSight() && update()).observe(root); // another model may have been chosen meanwhile
