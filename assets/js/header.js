// The header tells the other components which model, language and theme were chosen.
const page = window.aegan;
let latency = null; // {milliseconds, where}: page or server

const show = () => {
  const card = page.facts.models.find((model) => model.name === page.model);
  const facts = card ? [card.data, card.size > 1 && page.t("pixels_size", card), card.megabytes && `${card.megabytes} MB`,
    card.fd != null && `FD ${card.fd.toFixed(2)}${card.fd_sd == null ? "" : ` ± ${card.fd_sd.toFixed(2)}`}${card.extractor ? ` (${card.extractor})` : ""}`] : [page.t("no_model")];
  root.querySelector(".facts").textContent = facts.filter(Boolean).join(" · ");
  const measured = card?.fd != null && page.t("fd_help", { ...card, ...card.measured, floor: card.fd_floor?.toFixed(2) });
  root.querySelector(".facts").title = [measured, card?.credit].filter(Boolean).join("\n");
  const speed = latency ? [page.t("milliseconds", { ms: Math.round(latency.milliseconds) })] : [];
  root.querySelector(".device").textContent = [page.t(latency?.where === "page" ? "in_page" : "on_server", page.facts), ...speed].join(" · ");
};
const root = element.querySelector(".aegan");
page.mount(element, show);

const model = root.querySelector("#model-name"), language = root.querySelector("#page-language");
root.querySelector(".chooser").classList.toggle("empty", !page.facts.models.length);
model.addEventListener("change", () => { page.setModel(model.value); show(); });
language.value = page.language;
language.addEventListener("change", () => { page.setLanguage(language.value); trigger("language"); });
if (page.store.get("theme")) page.setTheme(page.store.get("theme"));
root.querySelector(".theme").addEventListener("click", () => {
  page.setTheme(page.theme() === "dark" ? "light" : "dark");
  page.store.set("theme", page.theme());
});
page.on("latency", ({ milliseconds, where }) => {
  const before = latency?.where === where ? latency.milliseconds : milliseconds;
  latency = { where, milliseconds: 0.8 * before + 0.2 * milliseconds };
  show();
});
page.on("model", () => { model.value = page.model; show(); }); // a link or a file may choose one, too
model.value = page.model ?? "";
