// The header tells the other components which model, language and theme were chosen.
const page = window.aegan;
const root = element.querySelector(".aegan"), $ = (selector) => root.querySelector(selector);
const current = $(".current"), models = $("#models"), language = $("#page-language");
let latency = null; // {milliseconds, where}: page or server

const distance = (card) => `FD ${card.fd.toFixed(card.fd < 100 ? 2 : 0)}${card.fd_sd == null ? "" : ` ± ${card.fd_sd.toFixed(card.fd < 100 ? 2 : 0)}`}`;
const factsOf = (card) => [card.data, card.size > 1 && page.t("pixels_size", card), card.own && page.t("own_facts", { step: card.step.toLocaleString("en") }), !card.own && card.megabytes && `${card.megabytes} MB`, card.fd != null && distance(card)].filter(Boolean).join(" · ");
const helpOf = (card) => [card.fd != null && page.t("fd_help", { ...card, ...card.measured, floor: card.fd_floor?.toFixed(2) }), card.credit].filter(Boolean).join("\n");

function fill(box, card) { // what comes from files is text, never markup
  const picture = box.querySelector("img");
  picture.hidden = !card?.thumbnail;
  if (card?.thumbnail) picture.src = card.thumbnail;
  box.querySelector("b").textContent = card ? page.called(card.name) : "";
  box.querySelector(".facts").textContent = card ? factsOf(card) : page.t("no_model");
  box.title = card ? helpOf(card) : "";
}

function build() { // a card for each model
  models.replaceChildren(...page.facts.models.map((card) => {
    const label = document.createElement("label");
    label.className = card.own ? "card own" : "card";
    label.innerHTML = '<input type="radio" name="model" class="sr-only"><img alt="" hidden><span class="said"><b></b><span class="facts"></span></span>';
    const radio = label.querySelector("input");
    radio.value = card.name;
    radio.checked = card.name === page.model;
    radio.addEventListener("change", () => page.setModel(card.name));
    label.addEventListener("click", (event) => { if (event.detail) setTimeout(() => open(false)); }); // not when arrow keys choose
    fill(label, card);
    return label;
  }));
}

function open(wanted) {
  models.hidden = !wanted;
  current.setAttribute("aria-expanded", wanted);
  if (wanted) models.querySelector("input:checked")?.focus();
}

function show() {
  fill(current, page.card());
  $(".chooser").classList.toggle("empty", !page.facts.models.length);
  current.disabled = page.facts.models.length < 2;
  for (const radio of models.querySelectorAll("input")) radio.checked = radio.value === page.model;
  const speed = latency ? [page.t("milliseconds", { ms: Math.round(latency.milliseconds) })] : [];
  $(".device").textContent = [page.t(latency?.where === "page" ? "in_page" : "on_server", page.facts), ...speed].join(" · ");
}

current.addEventListener("click", () => open(models.hidden));
models.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(false); current.focus(); } });
root.addEventListener("keydown", (event) => { if (event.key === "Escape" && !models.hidden) { open(false); current.focus(); } });
document.addEventListener("pointerdown", (event) => { if (!$(".chooser").contains(event.target)) open(false); });
language.value = page.language;
language.addEventListener("change", () => { page.setLanguage(language.value); trigger("language"); });
if (page.store.get("theme")) page.setTheme(page.store.get("theme"));
$(".theme").addEventListener("click", () => {
  page.setTheme(page.theme() === "dark" ? "light" : "dark");
  page.store.set("theme", page.theme());
});
page.on("latency", ({ milliseconds, where }) => {
  const before = latency?.where === where ? latency.milliseconds : milliseconds;
  latency = { where, milliseconds: 0.8 * before + 0.2 * milliseconds };
  show();
});
page.on("model", show); // a link or a file may choose one, too
page.on("models", () => { build(); show(); });
watch("value", () => { // the visitor's own model, if one was opened in an earlier visit; a link may lead to it
  const card = props.value?.card, awaited = page.awaited;
  page.awaited = null;
  if (card) page.setOwn(card);
  if (!awaited) return;
  if (card?.title !== awaited) { page.foreign = true; return page.tell("foreign"); }
  page.packed = new URLSearchParams(location.search).get("at");
  page.setModel(card.name);
});
page.mount(element, () => { build(); show(); });
