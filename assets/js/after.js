// What one does with a run's model. The run's id comes as the component's value and goes to the server with each request;
// the model's name, which the server makes from it, is kept in this page alone.
const page = window.aegan, $ = (selector) => root.querySelector(selector);
const root = element.querySelector(".aegan"), buttons = [...root.querySelectorAll("[data-does]")];
const SLOW = 1500, QUICK = 300; // milliseconds between two looks at the run
const UNKNOWN = { status: "idle", step: 0, why_not: Object.fromEntries(["explore", "reconstruct", "download", "push"].map((does) => [does, "after_looking"])) };
let run = props.value?.run ?? null, state = UNKNOWN;
let wish = null; // the tab that opens once the model is ready
let card = null, brought = null, timer = null, looking = false;

const number = (value) => value.toLocaleString("en");
const size = (bytes) => (bytes < 1e5 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
const say = (sentence) => { $(".message").textContent = page.say(sentence); };
const isOpening = () => state.what && state.what !== "complete" && !state.message;
const panel = (name) => document.getElementById(`after-${name}`);
const isOut = (name) => !panel(name).hidden;

// -- what can be done, and why not ------------------------------------------------------------------------------------

function show() {
  const reasons = run ? state.why_not : Object.fromEntries(buttons.map((button) => [button.dataset.does, "after_no_run"]));
  for (const button of buttons) {
    const does = button.dataset.does, reason = does === "bring" ? "" : reasons[does];
    button.disabled = Boolean(reason);
    button.title = page.t(reason || `after_${does}_help`);
  }
  const why = [...new Set(Object.values(reasons))];
  $(".why").textContent = why.map((key) => page.t(key)).join(" ");
  $(".opening").hidden = !isOpening();
  $(".doing").textContent = isOpening() ? page.t(`after_doing_${state.what}`) : "";
  $(".opening .track").style.setProperty("--at", state.share ?? 0);
  $(".opening .track").setAttribute("aria-valuenow", Math.round(100 * (state.share ?? 0)));
  if (state.message) say(state.message);
  showParts();
  if (brought) showFound();
}

function showParts() { // what a package holds, once it is complete
  const parts = Object.entries(state.parts ?? {}), own = parts.filter(([name]) => name !== "state.safetensors");
  const whole = parts.find(([name]) => name === "state.safetensors")?.[1], previews = own.filter(([name]) => name.startsWith("previews/"));
  const bytes = (list) => list.reduce((sum, [, value]) => sum + value, 0), isPublic = ([name]) => state.public?.includes(name);
  const lines = own.filter(([name]) => !name.startsWith("previews/")).map(([name, value]) => [name, page.t(`part_${name.replace(/\W/g, "_")}`), value]);
  if (previews.length) lines.push(["previews/", page.t("part_previews", { count: previews.length }), bytes(previews)]);
  for (const list of root.querySelectorAll(".files")) {
    const shown = list.closest("#after-push") ? lines.filter((line) => isPublic(line) || (line[0] === "previews/" && previews.every(isPublic))) : lines;
    list.replaceChildren(...shown.map(([name, about, value]) => {
      const item = document.createElement("li"), code = document.createElement("code"), text = document.createElement("span"), last = document.createElement("i");
      code.textContent = name;
      text.textContent = about;
      last.textContent = size(value);
      item.append(code, text, last);
      return item;
    }));
  }
  for (const name of ["download", "push"]) {
    panel(name).querySelector(".wait").hidden = parts.length > 0;
    panel(name).querySelector(".ready").hidden = !parts.length;
  }
  for (const line of root.querySelectorAll(".as-of")) {
    line.firstChild.textContent = card ? page.t("after_as_of", { step: number(card.step) }) : "";
    line.lastChild.hidden = !card || card.step === state.step;
  }
  const box = $(".with-state input"), link = $("a.save");
  $(".with-state").hidden = !whole;
  $(".with-state span").textContent = whole ? page.t("after_state", { size: size(whole) }) : "";
  if (!parts.length || !state.opened) { link.removeAttribute("href"); return; }
  link.href = page.asset(`own/${state.opened}/model.zip`, "").replace("/aegan//", "/aegan/") + (box.checked ? "?state=1" : "");
  link.textContent = `${page.t("after_save")} (${size(bytes(own) + (box.checked ? whole : 0))})`;
}

// -- looking at the run -------------------------------------------------------------------------------------------

async function look(call = server.on_after) {
  const asked = run;
  if (!asked || looking) return;
  looking = true;
  try {
    const given = await call({ run: asked });
    if (asked !== run) return;
    if (given.error) { say(given.error); wish = null; } else { state = given; await arrive(); }
    show();
  } catch { say(page.t("offline")); } finally {
    looking = false;
    plan();
  }
}

function plan() { // the next look, while there is something to be seen and somebody to see it
  clearTimeout(timer);
  const goesOn = isOpening() || state.active || wish;
  if (run && goesOn && (root.offsetParent || wish || isOpening()) && !document.hidden) timer = setTimeout(look, isOpening() ? QUICK : SLOW);
}

async function arrive() { // the model can be looked at: its card, and the tab that was asked for
  const complete = state.what === "complete";
  if (!state.opened || (!wish && card?.name === state.opened && card.complete === complete)) return;
  if (!wish && page.card(state.opened) === undefined && !complete) return;
  const given = await server.on_card({ run });
  if (given.error) return say(given.error);
  card = { ...given.card, complete };
  page.setOwn(card);
  if (given.decoder && page.kit) page.kit(card.name).then((kit) => { kit.decoder = given.decoder; }, () => {});
  if (!wish) return;
  const tab = wish;
  wish = null;
  if (page.model !== card.name) page.setModel(card.name);
  page.openTab(tab);
  scrollTo({ top: 0 });
}

async function open(tab) {
  say("");
  wish = tab;
  while (looking) await new Promise((resume) => setTimeout(resume, 30));
  await look(server.on_open);
}

function toggle(name, wanted = panel(name).hidden) {
  for (const button of buttons.filter((one) => one.hasAttribute("aria-controls"))) {
    const does = button.dataset.does, out = does === name && wanted;
    panel(does).hidden = !out;
    button.setAttribute("aria-expanded", out);
  }
  if (wanted && name !== "bring" && !state.parts) open(null); // what was opened before stays until one asks for a newer one
  if (wanted) panel(name).querySelector("input:not([type=checkbox]), a, button")?.focus({ preventScroll: true });
}

// -- the Hub: the token is read from its field, sent once, and the field emptied ---------------------------------------

async function push(event) {
  event.preventDefault();
  const token = $(".token").value, submit = $("#after-push button"), done = $(".done");
  $(".token").value = "";
  say("");
  submit.disabled = true;
  done.textContent = page.t("after_uploading");
  try {
    const given = await server.on_push({ run, name: $(".name").value, token, private: $(".private").checked });
    done.textContent = "";
    if (given.error) return say(given.error);
    const link = Object.assign(document.createElement("a"), { href: given.url, target: "_blank", rel: "noopener", textContent: given.url });
    done.replaceChildren(`${page.t("after_uploaded")} `, link);
  } catch { done.textContent = ""; say(page.t("offline")); } finally { submit.disabled = false; }
}

// -- going on from files ------------------------------------------------------------------------------------------

async function bring(files) {
  if (!files.length) return;
  brought = null;
  $(".found").hidden = true;
  say("");
  const form = new FormData(), bytes = [...files].reduce((sum, file) => sum + file.size, 0);
  if (files.length > 3) return say(page.t("after_too_many"));
  if (bytes > page.facts.most_brought) return say(page.t("after_too_large", { most: Math.floor(page.facts.most_brought / 2 ** 20) }));
  [...files].forEach((file, i) => form.append(`file${i}`, file, `file${i}`)); // names are nobody's business
  $(".reading").textContent = page.t("after_reading");
  try {
    const answer = await fetch(page.asset("bring", "").replace("/aegan//", "/aegan/"), { method: "POST", body: form });
    const given = await answer.json();
    if (given.error) return say(given.error);
    brought = given;
    const data = $(".data");
    data.replaceChildren(...given.sets.map(([name, title]) => new Option(title, name)));
    $(".more").max = given.most;
    $(".more").value = Math.min(1000, given.most);
    $(".found").hidden = false;
    showFound();
    $(".begin").focus({ preventScroll: true });
  } catch { say(page.t("offline")); } finally { $(".reading").textContent = ""; }
}

function showFound() {
  const values = { ...brought, step: number(brought.step), numbers: number(brought.numbers) };
  const lowered = Object.entries(brought.lowered).map(([name, value]) => `${name} ${number(value)}`).join(", ");
  $(".says").textContent = [
    page.t(brought.size > 1 ? "found_images" : "found_points", values),
    page.t(brought.whole ? "found_whole" : "found_weights", values),
    brought.why_not && page.t("found_why_not", { ...values, why_not: page.say(brought.why_not) }),
    !brought.is_here && page.t("found_no_data", values),
    lowered && page.t("found_lowered", { lowered }),
    brought.ignored.length && page.t("found_ignored", { ignored: brought.ignored.join(", ") }),
  ].filter(Boolean).join(" ");
}

async function begin() {
  const button = $(".begin");
  button.disabled = true;
  say("");
  try {
    const given = await server.on_go_on({ ticket: brought?.ticket, data: $(".data").value, more: Math.floor(+$(".more").value), run });
    if (given.error) return say(given.error);
    toggle("bring", false);
    $(".found").hidden = true;
    brought = null;
    props.value = { run: given.run };
    receive();
    trigger("go_on"); // the page keeps its id and watches it
  } catch { say(page.t("offline")); } finally { button.disabled = false; }
}

// -- wiring -------------------------------------------------------------------------------------------------------

for (const button of buttons) {
  const does = button.dataset.does;
  button.addEventListener("click", () => (["explore", "reconstruct"].includes(does) ? open(does) : toggle(does)));
}
root.addEventListener("keydown", (event) => {
  const out = event.key === "Escape" && buttons.find((button) => button.getAttribute("aria-expanded") === "true");
  if (out) { toggle(out.dataset.does, false); out.focus(); }
});
for (const button of root.querySelectorAll(".renew")) button.addEventListener("click", () => open(null));
$(".with-state input").addEventListener("change", showParts);
$("#after-push").addEventListener("submit", push);
$(".choose input").addEventListener("change", (event) => { bring(event.target.files); event.target.value = ""; });
$(".begin").addEventListener("click", begin);
function receive() {
  const given = props.value?.run ?? null;
  if (given === run && state.status !== "idle") return look();
  [run, state, card, wish] = [given, UNKNOWN, null, null];
  say("");
  show();
  look();
}
watch("value", receive);
document.addEventListener("visibilitychange", () => look());
new IntersectionObserver(([entry]) => entry.isIntersecting && look()).observe(root);
page.mount(element, show);
receive();
