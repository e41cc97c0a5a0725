// Explore: the page stands at a point ε; sliders move it along directions, and whatever is at the point is drawn, by the
// browser itself once it can (decoder.js), else by the server. One drawing in flight, the newest wish wins.
import * as decoder from "./decoder.js";
import { createRaw } from "./explore-raw.js";
import { toFile } from "./picture.js";
import { createShare, openLesson } from "./share.js";
import { createRow } from "./sliders.js";
import { LIMIT, add, dot, keepLocked, pack, round, seedNoise, stepOf, unpack, unusualness } from "./space.js";

const page = window.aegan;
const MOST_SEED = 2147483647, SHOWN_AXES = 4, CHUNK = 4, QUIET = 250, MOST_PAST = 200;

export default function mount(element, server) {
  const root = element.querySelector(".aegan"), $ = (selector) => root.querySelector(selector);
  const canvas = $(".picture"), seed = $(".seed"), copy = $(".copy"), saveLink = $("a.save");
  const kits = new Map(); // model -> promise of its kit
  let kit = null, point = null, home = null; // where Reset leads
  let rows = []; // views of the sliders
  let past = [], future = [], gesture = null; // a gesture is one slider's movement, undone at once
  let notice = ""; // stays until one moves
  let locked = new Set(), quiet = null, shown = null, turn = 0, entering = 0;

  const say = (sentence) => { $(".message").textContent = page.say(sentence); };
  const same = (a, b) => a.every((v, i) => Math.abs(v - b[i]) < 5e-4);
  const lockedVectors = (but) => rows.filter((view) => locked.has(view.slider.key) && view !== but).map((view) => view.slider.vector);

  // -- drawing ---------------------------------------------------------------------------------------------------

  async function pictures(of, points) {
    const given = (await decoder.draw(of, points)) ?? (await server.on_pictures({ model: of.model, noise: points }));
    if (!given) throw new Error("The server does not answer.");
    return given;
  }

  function show(given) {
    shown = given;
    say(notice);
    canvas.classList.remove("waiting");
    page.draw(canvas, given.pictures[0]);
    gauge("realness", given.realness);
  }

  const drawOne = async (wish) => ({ ...(await pictures(wish.kit, [wish.point])), noise: wish.point });
  const ask = page.newest(drawOne, (given, milliseconds, newest) => {
    if (given.model !== kit?.model) return; // another model was chosen meanwhile
    show(given);
    page.tell("moved", { model: kit.model, noise: given.noise, picture: given.pictures[0] });
    if (newest) page.tell("latency", { milliseconds, where: given.milliseconds === undefined ? "server" : "page" });
  }, (sentence) => { say(sentence); canvas.classList.toggle("waiting", !shown); });

  function gauge(name, share) {
    const box = $(`.${name}`), track = box.querySelector(".track");
    box.hidden = share == null;
    track.style.setProperty("--at", share ?? 0);
    track.setAttribute("aria-valuenow", Math.round(100 * (share ?? 0)));
  }

  function lookAt(at, picture = null) { // the sliders say where that is; then it is drawn, if it is not yet
    for (const view of rows) {
      const value = dot(at, view.slider.vector), rounding = Math.abs(value - view.input.value) < 0.015;
      if (view !== gesture?.view && !(rounding && locked.has(view.slider.key))) view.put(Math.round(100 * value) / 100); // what is locked stands still
    }
    gauge("unusual", unusualness(at) / 100);
    copy.hidden = true;
    saveLink.removeAttribute("href");
    $(".realness").classList.toggle("stale", Boolean(picture)); // what was drawn before was not judged
    if (picture) { page.draw(canvas, picture); page.tell("moved", { model: kit.model, noise: at, picture }); } else ask({ kit, point: at });
    clearTimeout(quiet);
    turn += 1;
  }

  function update() {
    $(".reset").disabled = same(point, home);
    $(".undo").disabled = !past.length;
    $(".redo").disabled = !future.length;
    lookAt(point);
    quiet = setTimeout(settle, QUIET);
  }

  async function settle() { // small pictures of where each slider leads, the link, the file, a word for screen readers
    const mine = turn, at = point, of = kit;
    gesture = null;
    remember();
    page.tell("settled", { model: of.model, noise: at });
    $(".news").textContent = page.t("announce", { unusual: Math.round(unusualness(at)) });
    raw.read();
    const wanted = rows.filter((view) => !view.row.hidden && !view.input.disabled).flatMap((view) => {
      const step = stepOf(view.slider.vector, lockedVectors(view)), value = dot(at, view.slider.vector);
      return view.ends.map((end, side) => ({ end, point: round(add(at, step, (side ? LIMIT : -LIMIT) - value)) }));
    });
    const size = decoder.isReady(of.model) ? CHUNK : 32; // small enough for a drag to come between
    try {
      for (let i = 0; i < wanted.length && mine === turn; i += size) {
        const part = wanted.slice(i, i + size), given = await pictures(of, part.map((p) => p.point));
        if (given.error || of !== kit) return;
        part.forEach(({ end }, k) => page.draw(end, given.pictures[k]));
      }
      if (mine === turn && of.notes) offer(await toFile(canvas, of.notes, at), mine);
    } catch { /* the server is away: the picture itself is asked for again */ }
  }

  function offer(file, mine) { // behind the link, and over the canvas, so that "save image as" keeps the note too
    if (mine !== turn) return;
    URL.revokeObjectURL(copy.src);
    saveLink.href = copy.src = URL.createObjectURL(file);
    saveLink.download = `${page.titled(kit.model)}.png`;
    copy.hidden = false;
  }

  // -- moving ----------------------------------------------------------------------------------------------------

  function keepPast() {
    notice = "";
    past.push(point);
    past = past.slice(-MOST_PAST);
    future = [];
  }

  function jump(to, isHome = false) { // one step that can be undone
    gesture = null;
    if (!same(to, point)) keepPast();
    point = to;
    if (isHome) { home = to; for (const view of rows) view.setHome(dot(home, view.slider.vector)); }
    update();
  }

  function move(view, value) {
    decoder.prepare(kit);
    if (gesture?.view !== view) {
      const step = stepOf(view.slider.vector, lockedVectors(view));
      if (!step) return view.put(dot(point, view.slider.vector));
      gesture = { view, step, from: point, value: dot(point, view.slider.vector) };
      keepPast();
    }
    view.put(value);
    point = round(add(gesture.from, gesture.step, value - gesture.value));
    update();
  }

  function randomize() {
    decoder.prepare(kit);
    seed.value = Math.floor(Math.random() * 1e6);
    jump(startOf(+seed.value), true);
  }

  const startOf = (number) => (locked.size ? round(keepLocked(seedNoise(number, kit.z_dim), point, lockedVectors())) : seedNoise(number, kit.z_dim));

  function lock(view) {
    const { key } = view.slider;
    if (!locked.delete(key)) locked.add(key);
    gesture = null;
    showLocks();
    update();
  }

  function showLocks() {
    for (const view of rows) view.setLocked(locked.has(view.slider.key), !locked.has(view.slider.key) && !stepOf(view.slider.vector, lockedVectors(view)));
  }

  // -- the desk --------------------------------------------------------------------------------------------------

  const handlers = {
    onMove: move, onLock: lock,
    onHome: (view) => move(view, dot(home, view.slider.vector)),
    onEnd: (view, value) => { if (!view.input.disabled) { move(view, value); gesture = null; } },
  };

  function build() { // the sliders of a model
    const named = kit.directions.map((d) => ({
      key: d.name, vector: d.vector, unit: " σ", limit: LIMIT, lockable: true,
      label: () => page.t(`direction.${d.name}`), ends: () => [page.t(`direction.${d.name}.low`), page.t(`direction.${d.name}.high`)],
      help: () => page.t("direction_help", { effect: d.effect.toFixed(2), random: d.random.toFixed(2), others: Math.round(100 * Math.max(0, ...Object.values(d.others).map(Math.abs))) }),
    }));
    const main = kit.axes.map((vector, i) => ({
      key: `axis-${i + 1}`, vector, unit: " σ", limit: LIMIT, lockable: true, label: () => page.t("axis", { n: i + 1 }), ends: () => null, help: () => page.t("axis_help"),
    }));
    rows = [...named, ...main].map((slider) => createRow(slider, handlers));
    $(".meaning").hidden = !named.length;
    $(".meaning .axes").replaceChildren(...rows.slice(0, named.length).map((view) => view.row));
    $(".principal .axes").replaceChildren(...rows.slice(named.length).map((view) => view.row));
    fold(Boolean(named.length));
    raw.close();
    translate();
  }

  function fold(folded) { // the first axes are enough beside named directions
    const main = [...$(".principal .axes").children];
    main.forEach((row, i) => { row.hidden = folded && i >= SHOWN_AXES; });
    $(".more").hidden = !folded || main.length <= SHOWN_AXES;
  }

  const raw = createRaw($(".raw"), server, {
    here: () => ({ kit, point }),
    begin(view) { if (gesture?.view !== view) { keepPast(); gesture = { view }; } },
    isMoving: () => Boolean(gesture),
    arrive(noise) { if (!same(noise, point)) { point = noise; update(); } },
    say,
  });

  // -- coming and going ------------------------------------------------------------------------------------------

  function getKit(model) {
    if (!kits.has(model)) {
      const loading = server.on_kit({ model }).then((given) => { if (given.error) throw new Error(given.error); return given; });
      loading.catch(() => kits.delete(model));
      kits.set(model, loading);
    }
    return kits.get(model);
  }

  async function enter(model, noise = null, at = null) { // a model, at a point, or at one that a link packed, or at the seed's
    const entered = entering += 1; // not a turn: the old model may be moved until the new one is here
    turn += 1;
    clearTimeout(quiet);
    try {
      const given = await getKit(model);
      if (entered !== entering || model !== page.model) return;
      const isNew = kit !== given;
      kit = given;
      const to = noise?.length === kit.z_dim ? round(noise) : unpack(at, kit.z_dim);
      notice = at && !to ? page.t("bad_link") : "";
      if (isNew) { past = []; future = []; locked = new Set(); shown = gesture = null; build(); }
      else if (to && point) keepPast();
      point = home = to ?? seedNoise(+seed.value, kit.z_dim);
      for (const view of rows) view.setHome(dot(home, view.slider.vector));
      showLocks();
      update();
      sayForeign();
    } catch (error) {
      if (entered !== entering) return;
      const away = !(error instanceof Error) || !error.message || /fetch|network/i.test(error.message);
      say(away ? page.t("offline") : error.message);
      canvas.classList.remove("waiting");
      if (away) setTimeout(() => entered === entering && enter(model, noise, at), 1500);
    }
  }

  function sayForeign() { // once, whether this was there before the header knew, or after
    if (!page.foreign || !kit) return;
    page.foreign = false;
    notice = page.t("foreign_link");
    say(notice);
  }

  function remember() { // the whole state stands in the address
    const link = new URL(location);
    link.searchParams.set("model", page.titled(kit.model));
    link.searchParams.set("at", pack(point));
    if (locked.size) link.searchParams.set("lock", [...locked].join(",")); else link.searchParams.delete("lock");
    history.replaceState(history.state, "", link);
  }

  async function openFile(file) {
    if (!file) return;
    if (file.size > page.facts.max_megabytes * 2 ** 20) return say(page.t("too_large", { most: page.facts.max_megabytes }));
    const reader = new FileReader();
    reader.onerror = () => say(page.t("unreadable"));
    reader.onload = async () => {
      const given = await server.on_open({ image: reader.result, own: page.own()?.name }).catch(() => ({ error: page.t("offline") }));
      if (given.error) return say(given.error);
      page.tell("goto", given);
    };
    reader.readAsDataURL(file);
  }

  function translate() {
    for (const view of rows) view.translate();
    raw.translate();
    showLocks();
  }

  // -- wiring ----------------------------------------------------------------------------------------------------

  $(".randomize").addEventListener("click", randomize);
  $(".reset").addEventListener("click", () => jump(home));
  $(".undo").addEventListener("click", () => { future.push(point); point = past.pop(); gesture = null; update(); });
  $(".redo").addEventListener("click", () => { past.push(point); point = future.pop(); gesture = null; update(); });
  $(".more").addEventListener("click", () => { fold(false); settle(); });
  $(".open input").addEventListener("change", (event) => { openFile(event.target.files[0]); event.target.value = ""; });
  $(".keep").addEventListener("click", () => page.tell("keep")); // the shelf hears it
  createShare(root, remember);
  openLesson(root);
  seed.addEventListener("change", () => {
    seed.value = Math.min(MOST_SEED, Math.max(0, Math.floor(+seed.value || 0)));
    if (kit) jump(startOf(+seed.value), true);
  });
  const smooth = $(".smooth");
  smooth.addEventListener("change", () => { root.classList.toggle("smoothed", smooth.checked); page.store.set("smooth", smooth.checked ? "1" : ""); });
  smooth.checked = page.store.get("smooth") === "1";
  root.classList.toggle("smoothed", smooth.checked);
  for (const name of ["dragover", "dragleave", "drop"]) {
    $(".stage").addEventListener(name, (event) => {
      event.preventDefault();
      $(".stage").classList.toggle("over", name === "dragover");
      if (name === "drop") openFile(event.dataTransfer.files[0]);
    });
  }
  (root.closest("[role=tabpanel]") ?? root).addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || /^(number|text|textarea|search)$/.test(event.target.type)) return;
    event.preventDefault();
    $(event.shiftKey ? ".redo" : ".undo").click();
  });
  page.on("goto", ({ model, noise }) => {
    if (model === page.model && kit?.model === model) return jump(round(noise), true);
    page.arriving = noise; // the model's own event, below, leads there
    page.setModel(model);
  });
  page.on("show", ({ model, noise, picture }) => { // a point in passing, of which history and address hear nothing
    if (model !== kit?.model) return;
    decoder.prepare(kit);
    gesture = null;
    lookAt(noise, picture);
  });
  page.on("drag", ({ model, noise, begin }) => { // many of them are one gesture, which its first one begins
    if (model !== kit?.model) return;
    decoder.prepare(kit);
    if (begin) keepPast();
    gesture = { view: null };
    point = round(noise);
    update();
  });
  page.on("model", (model) => { const { arriving, packed } = page; page.arriving = page.packed = null; enter(model, arriving, packed); });
  page.on("foreign", sayForeign);
  page.on("theme", () => shown?.pictures[0].points && page.draw(canvas, shown.pictures[0]));
  page.kit = getKit;
  page.here = () => ({ kit, point, rows, locked });
  page.pictures = pictures; // for the other parts of this tab
  page.mount(element, translate);

  const address = new URLSearchParams(location.search), first = page.facts.first;
  document.querySelector(".first-look")?.remove(); // it stood in the page itself (aegan/ui/served.py)
  if (!page.model) { say(page.t("no_model")); canvas.classList.remove("waiting"); return; }
  if (first) kits.set(first.kit.model, Promise.resolve(first.kit));
  const at = page.awaited ? null : address.get("at"); // that point is of a model that is still to come
  page.packed = null;
  if (first?.kit.model === page.model && !at) show(first); // drawn before anything was asked
  enter(page.model, null, at).then(() => {
    for (const key of (address.get("lock") ?? "").split(",")) if (rows.some((view) => view.slider.key === key)) locked.add(key);
    if (locked.size) { showLocks(); update(); }
  });
}
