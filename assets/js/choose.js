// Train: what the next run shall be. Data, preset and knobs go to the server, which answers with all values, a link and
// what the run will take; Start sends the same choice once more.
import { createFiles } from "./choose-files.js";
import { createGroups } from "./choose-knobs.js";

const page = window.aegan, QUIET = 600, LATER = 10_000, MOST_TRIES = 4; // milliseconds; how often it is asked while the answer is not sure

//: Presets in the order of the list: rows of the mixing desk, then lessons.
const PRESETS = ["aegan", "autoencoder", "vae", "adversarial-ae", "gan", "vae-gan", "seed"];
const LESSONS = ["gan-2014", "strong-d", "collapse"];
const SHOWN_ON = { collapse: "ring" }; // lessons that were found to hold there, not on images

export default function mount(element, server, { trigger }) {
  const root = element.querySelector(".aegan"), $ = (selector) => root.querySelector(selector);
  const data = $("#choose-data"), preset = $("#choose-preset"), start = $(".start");
  let choice = { ...page.facts.choosing.first, knobs: {}, own: null }, given = null, took = null, waiting = 0, turn = 0, tries = 0, wasActive = false;

  const say = (sentence) => { $(".message").textContent = page.say(sentence); };
  const isReady = () => choice.data !== "own" || choice.own;

  // -- asking ------------------------------------------------------------------------------------------------------

  const ask = page.newest((request) => server.on_choice(request), (answer) => {
    if (answer.wrong || choice.fromLink) { choice = { data: answer.data, preset: answer.preset, knobs: answer.knobs, own: null }; say(answer.wrong); }
    given = answer;
    page.choose({ data: answer.data, ...answer.values });
    show();
    measureSoon();
  }, (sentence) => { say(sentence); given = null; show(); });

  const measure = page.newest((request) => server.on_estimate(request.choice).then((answer) => ({ ...answer, turn: request.turn })), (answer) => {
    if (answer.turn !== turn) return;
    took = answer;
    show();
    if ((tries += 1) < MOST_TRIES) measureSoon(LATER);
  }, () => { took = null; show(); });

  const isSeen = () => root.offsetParent !== null;
  const isWanted = () => given && !given.refused && !took?.is_sure && isReady() && isSeen() && !page.run?.active;
  function measureSoon(wait = QUIET) {
    clearTimeout(waiting);
    if (isWanted()) waiting = setTimeout(() => { if (isWanted()) measure({ choice, turn }); }, wait);
  }

  function change(values, byVisitor = true) {
    choice = { ...choice, ...values };
    [took, turn, tries] = [null, turn + 1, 0];
    say("");
    ask(choice);
    if (byVisitor) changed = true;
  }
  let changed = false; // whether the address is to tell of it

  // -- showing -----------------------------------------------------------------------------------------------------

  const groups = createGroups($(".groups"), (name, value) => {
    const knobs = { ...choice.knobs, [name]: value };
    change({ knobs });
  });

  const clock = (seconds) => (seconds < 90 ? page.t("about_seconds", { seconds: Math.max(1, Math.round(seconds)) }) : page.t("about_minutes", { minutes: Math.round(seconds / 60) }));

  function show() {
    data.value = choice.data;
    preset.value = choice.preset;
    $("#choose-preset-help").textContent = page.t(`recipe_help.${choice.preset}`);
    $(".own").hidden = choice.data !== "own";
    if (given) groups.show(given.values, new Set(Object.keys(choice.knobs)));
    $(".reset").disabled = !Object.keys(choice.knobs).length;
    const refused = given?.refused || (took?.fits === false ? page.t("too_much_memory", { mb: took.megabytes, most: took.most_megabytes }) : "");
    const active = Boolean(page.run?.active);
    start.disabled = active || Boolean(refused) || !isReady() || !given;
    $(".why").textContent = page.say(refused) || (isReady() ? "" : page.t("own_first"));
    const words = given?.weights && Object.entries(given.weights).map(([name, count]) => `${page.t(`net.${name}`)} ${count.toLocaleString("en")}`);
    $(".weights").textContent = words ? page.t("weights_of", { list: words.join(" · ") }) : "";
    $(".takes").textContent = takes(refused, active);
    if (changed && given) remember();
  }

  function takes(refused, active) {
    if (refused || !isReady()) return "";
    if (!took) return active ? "" : page.t("estimating");
    const parts = [];
    if (took.speed != null) parts.push(page.t("est_speed", { speed: took.speed.toLocaleString("en") }));
    if (took.reached != null) parts.push(page.t("est_reached", { limit: took.limit, reached: took.reached.toLocaleString("en"), steps: took.steps.toLocaleString("en") }));
    else if (took.seconds != null) parts.push(page.t("est_time", { time: clock(took.seconds), steps: took.steps.toLocaleString("en") }));
    if (took.megabytes != null) parts.push(page.t("est_memory", { mb: took.megabytes.toLocaleString("en") }));
    return parts.length ? parts.join(" · ") : page.t("est_none");
  }

  function build() { // in the page's language
    const options = (names) => names.map((name) => { const option = new Option(page.t(`recipe.${name}`), name); return option; });
    const lessons = document.createElement("optgroup");
    lessons.label = page.t("lessons");
    lessons.append(...options(LESSONS));
    preset.replaceChildren(...options(PRESETS), lessons);
    const { least, images, megabytes } = page.facts.choosing;
    $(".limits").textContent = page.t("own_limits", { least, images: images.toLocaleString("en"), megabytes });
    groups.build();
    files.show();
    show();
  }

  // -- links -------------------------------------------------------------------------------------------------------

  function remember() {
    const link = new URL(location);
    link.searchParams.set("train", given.link);
    history.replaceState(history.state, "", link);
  }

  $(".copy-run").addEventListener("click", async () => {
    if (!given) return;
    const link = new URL(location.origin + location.pathname), address = $(".address");
    link.searchParams.set("train", given.link);
    const done = await navigator.clipboard?.writeText(link.href).then(() => true, () => false);
    address.hidden = Boolean(done);
    address.value = link.href;
    if (!done) address.select();
    $(".linked").textContent = page.t(done ? "link_copied" : "link_marked") + (choice.data === "own" ? ` ${page.t("link_not_images")}` : "");
  });

  // -- what the visitor does -----------------------------------------------------------------------------------------

  const files = createFiles(root, server, (answer) => change({ data: "own", own: answer.own, knobs: {} }));
  data.addEventListener("change", () => change({ data: data.value, own: data.value === "own" ? files.token() : null, knobs: {} }));
  preset.addEventListener("change", () => change({ preset: preset.value, data: SHOWN_ON[preset.value] ?? choice.data, knobs: {} }));
  $(".reset").addEventListener("click", () => change({ knobs: {} }));
  start.addEventListener("click", () => trigger("start", { choice }));
  page.on("run", ({ active }) => {
    show();
    if (wasActive && !active && tries < MOST_TRIES) measureSoon();
    wasActive = active;
  });
  new IntersectionObserver(() => { if (tries < MOST_TRIES) measureSoon(); }).observe(root);

  page.mount(element, build);
  const linked = new URLSearchParams(location.search).get("train");
  if (linked !== null) {
    choice.fromLink = true;
    ask({ link: linked });
  } else ask(choice);
}
