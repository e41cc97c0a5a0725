// The shelf under the explorer: points kept in this browser, and what can be done with them. The parts below it (sheets,
// paths, side by side) get the `desk` and know nothing of each other.
import { createBeside } from "./beside.js";
import { createPaths } from "./paths.js";
import { drawAll, rove } from "./sheet.js";
import * as store from "./shelf-store.js";
import { pack, unpack } from "./space.js";
import { createFamily, createVariations } from "./variations.js";

const page = window.aegan, MOST_SIDE = 64; // pixels of a thumbnail
const CROSS = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="m4 4 8 8m0-8-8 8"/></svg>';

export default function mount(element, server) {
  const root = element.querySelector(".aegan"), $ = (selector) => root.querySelector(selector), list = $(".cards");
  let entries = store.load(), last = entries.length; // the last id given
  let ticked = []; // ids of the current model, in the order of ticking
  let origin = null, visiting = null; // the picture above, as a parent or a path's beginning; where a part below led to
  let removed = null, mode = "variations", inSight = false;

  const find = (id) => entries.find((entry) => entry.id === id);
  const isHere = (model) => page.facts.models.some((known) => known.name === model);

  function say(sentence, canUndo = false) {
    $(".status span").textContent = page.say(sentence);
    $(".status .unremove").hidden = !canUndo;
    if (!canUndo) removed = null;
  }

  function save() { if (!store.save(entries)) say(page.t("shelf_unsaved")); }

  // -- what the parts below may use --------------------------------------------------------------------------------

  const desk = {
    say, server,
    here() {
      const { kit, point, rows = [], locked = new Set() } = page.here?.() ?? {};
      return { kit: kit?.model === page.model ? kit : null, point, rows, locked: rows.filter(({ slider }) => locked.has(slider.key)).map(({ slider }) => slider.vector) };
    },
    // The ticked points, {point, name, thumbnail}; where only one is ticked, the picture above comes before it.
    chosen() {
      const { kit } = desk.here();
      if (!kit) return [];
      const found = ticked.map(find).map(({ at, name, thumbnail }) => ({ point: unpack(at, kit.z_dim), name, thumbnail })).filter((one) => one.point);
      return found.length === 1 && origin ? [{ ...origin, name: page.t("here") }, ...found] : found;
    },
    figure(node, { thumbnail, name }) {
      const image = node.querySelector("img");
      if (thumbnail) image.src = thumbnail; else image.removeAttribute("src");
      node.querySelector("figcaption").textContent = name;
    },
    go: (kit, point) => page.tell("goto", { model: kit.model, noise: point }),
    visit(kit, point) { visiting = point; desk.go(kit, point); }, // leaves the parents, and the path, as they are
    keep,
  };
  const parts = {
    variations: createVariations($(".part.variations"), desk), path: createPaths($(".part.path"), desk),
    family: createFamily($(".part.family"), { ...desk, go: desk.visit }), beside: createBeside($(".part.beside"), desk),
  };

  function refresh() { if (inSight) parts[mode].update(); } // what is off the screen asks for nothing
  new IntersectionObserver(([seen]) => { inSight = seen.isIntersecting; refresh(); }).observe($(".parts"));

  // -- the cards ---------------------------------------------------------------------------------------------------

  function createCard(entry) {
    const card = document.createElement("li"), name = () => entry.name || page.t("nameless");
    card.dataset.id = entry.id;
    card.innerHTML = `<button type="button" class="go"><img alt="" hidden></button>
      <label class="corner tick"><input type="checkbox"><span></span></label>
      <button type="button" class="corner remove">${CROSS}</button><input type="text" class="name" maxlength="${store.MOST_LETTERS}">`;
    const [go, tick, remove, field] = [".go", ".tick input", ".remove", ".name"].map((selector) => card.querySelector(selector));
    go.addEventListener("click", () => goTo(entry));
    tick.addEventListener("change", () => {
      ticked = tick.checked ? [...ticked, entry.id] : ticked.filter((id) => id !== entry.id);
      showTicks();
      refresh();
    });
    remove.addEventListener("click", () => drop(entry));
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") field.value = entry.name;
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault(); // or Enter would press the button that gets the focus
      go.focus();
    });
    field.addEventListener("change", () => {
      entry.name = field.value = store.tidy(field.value);
      save();
      label();
      refresh();
    });
    function label() {
      const own = entry.model === page.model;
      card.classList.toggle("other", !own);
      go.title = page.t(own ? "go_there" : isHere(entry.model) ? "go_other" : "go_nowhere", { model: page.called(entry.model) });
      go.setAttribute("aria-label", `${name()}: ${go.title}`);
      go.disabled = !isHere(entry.model);
      tick.disabled = !own;
      tick.setAttribute("aria-label", page.t("tick", { name: name() }));
      tick.title = page.t(own ? "tick_help" : "tick_other");
      remove.setAttribute("aria-label", page.t("remove", { name: name() }));
      remove.title = page.t("remove_help");
      field.setAttribute("aria-label", page.t("rename"));
      field.title = page.t("rename_help");
    }
    field.value = entry.name;
    const image = go.querySelector("img");
    image.hidden = !entry.thumbnail;
    if (entry.thumbnail) image.src = entry.thumbnail;
    label();
    return card;
  }

  const keys = rove(list, ".go", (card, key) => {
    const use = { Delete: ".remove", Backspace: ".remove", x: ".tick input", F2: ".name" }[key], node = use && card.querySelector(use);
    if (node) { if (key === "F2") { node.focus(); node.select(); } else node.click(); }
    return Boolean(node);
  });

  function render() {
    const focused = document.activeElement?.closest?.("li[data-id]")?.dataset.id;
    list.replaceChildren(...entries.map(createCard));
    if (focused) list.querySelector(`[data-id="${focused}"] .go`)?.focus();
    ticked = ticked.filter((id) => find(id)?.model === page.model);
    $(".invite").hidden = entries.length > 0;
    $(".count").textContent = entries.length ? page.t("shelf_count", { count: entries.length, most: store.MOST }) : "";
    $(".export").disabled = !entries.length;
    showTicks();
    showHere();
    keys.refresh();
  }

  function showTicks() {
    for (const card of list.children) {
      const order = ticked.indexOf(+card.dataset.id), tick = card.querySelector(".tick input");
      tick.checked = order >= 0;
      tick.nextElementSibling.textContent = order >= 0 ? order + 1 : "";
    }
    $(".ticked").textContent = page.t("ticked", { count: ticked.length });
    $(".untick").hidden = !ticked.length;
  }

  function showHere() { // the small copy of the picture above, and which card it is
    const above = document.querySelector("#explore canvas.picture"), small = $(".here canvas");
    if (above?.width > 1) { [small.width, small.height] = [above.width, above.height]; small.getContext("2d").drawImage(above, 0, 0); }
    const { kit, point } = desk.here(), at = kit && point ? pack(point) : null;
    for (const card of list.children) {
      const entry = find(+card.dataset.id);
      if (entry?.model === kit?.model && entry.at === at) card.setAttribute("aria-current", "true"); else card.removeAttribute("aria-current");
    }
  }

  function toThumbnail(canvas) {
    const scale = Math.min(1, MOST_SIDE / canvas.width), small = document.createElement("canvas");
    [small.width, small.height] = [canvas.width, canvas.height].map((side) => Math.max(1, Math.round(scale * side)));
    small.getContext("2d").drawImage(canvas, 0, 0, small.width, small.height);
    return small.toDataURL("image/png");
  }

  async function drawMissing() { // what was imported, or has just been kept
    const drawn = document.createElement("canvas");
    for (const model of new Set(entries.filter((entry) => !entry.thumbnail && isHere(entry.model)).map((entry) => entry.model))) {
      const kit = await page.kit(model).catch(() => null);
      const bare = entries.filter((entry) => kit && !entry.thumbnail && entry.model === model && unpack(entry.at, kit.z_dim));
      await drawAll(kit, bare.map((entry) => unpack(entry.at, kit.z_dim)), (i, picture) => { page.draw(drawn, picture); bare[i].thumbnail = toThumbnail(drawn); }).catch(() => {});
      if (!bare.length) continue;
      save();
      render();
      refresh();
    }
  }

  // -- what the buttons do -----------------------------------------------------------------------------------------

  function keep(kit, point) {
    const at = pack(point), known = entries.find((entry) => entry.model === kit.model && entry.at === at);
    if (known) { say(page.t("kept_already", { name: known.name || page.t("nameless") })); return "kept"; }
    if (entries.length >= store.MOST) { say(page.t("shelf_full", { most: store.MOST })); return "kept_none"; }
    const names = new Set(entries.map((entry) => entry.name));
    let n = entries.length + 1;
    while (names.has(page.t("kept_name", { n }))) n += 1;
    const name = page.t("kept_name", { n });
    entries.push({ id: ++last, model: kit.model, at, name, time: Date.now(), thumbnail: null });
    say(page.t("kept_now", { name }));
    save();
    render();
    list.scrollTop = list.scrollHeight; // the page itself stays where it is
    drawMissing();
    return "kept";
  }

  function drop(entry) {
    const place = entries.indexOf(entry);
    entries.splice(place, 1);
    render();
    say(page.t("removed", { name: entry.name || page.t("nameless") }), true);
    removed = { entry, place };
    save();
    (list.children[Math.min(place, entries.length - 1)]?.querySelector(".go") ?? $(".here .keep")).focus();
    refresh();
  }

  async function goTo(entry) {
    try {
      const kit = await page.kit(entry.model), point = unpack(entry.at, kit.z_dim);
      if (point) desk.go(kit, point); else say(page.t("shelf_misfit"));
    } catch (error) { say(error.message || page.t("offline")); }
  }

  async function open(file) {
    if (!file) return;
    try {
      const given = await store.read(file), key = ({ model, at }) => `${model} ${at}`, known = new Set(entries.map(key));
      const added = given.entries.filter((entry) => !known.has(key(entry)) && known.add(key(entry)));
      if (entries.length + added.length > store.MOST) return say(page.t("shelf_no_room", { count: added.length, most: store.MOST }));
      entries.push(...added.map((entry) => ({ ...entry, id: ++last })));
      say(page.t("shelf_opened", { count: added.length }) + (given.strange ? ` ${page.t("shelf_strange", { count: given.strange })}` : ""));
      save();
      render();
      drawMissing();
    } catch (error) { say(error.message || page.t("offline")); }
  }

  function choose(name) {
    parts[mode].leave?.();
    mode = name;
    for (const part of root.querySelectorAll(".part")) part.hidden = !part.classList.contains(mode);
    refresh();
  }

  const keepHere = () => { const { kit, point } = desk.here(); return kit && point ? keep(kit, point) : null; };
  function keepAbove() { // the explorer's button says how it went: the shelf may be out of sight
    const button = document.querySelector("#explore button.keep"), said = keepHere();
    if (!button || !said) return;
    button.textContent = page.t(said);
    setTimeout(() => { button.textContent = page.t("keep"); }, 2000);
  }
  $(".here .keep").addEventListener("click", keepHere);
  $(".export").addEventListener("click", () => page.download(store.toFile(entries), "shelf.json"));
  $(".import input").addEventListener("change", (event) => { open(event.target.files[0]); event.target.value = ""; });
  $(".untick").addEventListener("click", () => { ticked = []; showTicks(); list.querySelector(".go[tabindex='0']")?.focus(); refresh(); });
  $(".unremove").addEventListener("click", () => {
    if (!removed || entries.length >= store.MOST) return;
    const { entry, place } = removed;
    entries.splice(place, 0, entry);
    say("");
    save();
    render();
    list.querySelector(`[data-id="${entry.id}"] .go`)?.focus();
  });
  for (const radio of root.querySelectorAll(".modes input")) radio.addEventListener("change", () => choose(radio.value));

  page.on("keep", keepAbove);
  page.on("moved", showHere);
  page.on("settled", ({ model, noise }) => {
    showHere();
    const above = document.querySelector("#explore canvas.picture");
    if (pack(noise) !== (visiting && pack(visiting)) || !origin) origin = { point: noise, thumbnail: toThumbnail(above) };
    if (model === page.model) refresh();
  });
  page.on("model", () => { origin = visiting = null; render(); for (const part of Object.values(parts)) part.leave?.(); });
  page.on("language", render);
  store.onChange(() => { entries = store.load(); last = Math.max(last, entries.length); ticked = []; render(); refresh(); });
  page.mount(element, () => { render(); refresh(); });
  drawWhenAble();

  function drawWhenAble() { // the explorer's own functions come with its own script
    if (page.pictures) drawMissing(); else document.addEventListener("aegan:settled", drawWhenAble, { once: true });
  }
}
