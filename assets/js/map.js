// Map: the plane of two directions through the point where the page stands, as small pictures of what lies there, or
// with the codes of training images; and a dot, which is the point itself, to drag.
import { countClasses, drawCloud, drawMark, findMark, isColoured, isWithin, project, readCloud } from "./cloud.js";
import { LIMIT, add, dot, round, stepOf } from "./space.js";
import { createTiles } from "./tiles.js";

const page = window.aegan;
const HERE = 256; // pixels of the picture at the dot, about

const clamp = (v) => Math.min(LIMIT, Math.max(-LIMIT, v));
const cents = (v) => Math.round(100 * v) / 100;
const named = (kind, name) => { const key = `${kind}.${name}`, text = page.t(key); return text === key ? name : text; };
const signed = (v) => (v >= 0.05 ? "+" : v <= -0.05 ? "−" : "") + Math.abs(v).toFixed(1);

export default function mount(element, server) {
  const root = element.querySelector(".aegan"), $ = (selector) => root.querySelector(selector);
  const plane = $(".plane"), dotted = $(".dot"), tag = $(".tag"), tiles = createTiles($(".tiles"), $(".scratch"));
  const [across, up] = root.querySelectorAll("select"), sliders = root.querySelectorAll(".dot input");
  const clouds = new Map(), chosen = new Map(); // model -> promise of its cloud; -> keys of two directions
  const withCloud = JSON.parse(root.dataset.clouds);
  let kit = null, axes = []; // the rows of the explorer that the two directions belong to
  let visible = false, turn = 0, failures = 0, room = 0, side = 0; // pixels that there are; of the plane
  let drag = null, moving = false, tapped = false; // moving: the explorer counts further steps to the same gesture
  let mode = "pictures", cloud = null, marks = [], lit = null, pinned = null;

  // -- geometry --------------------------------------------------------------------------------------------------

  const values = (point = page.here().point) => axes.map((view) => dot(point, view.slider.vector));

  function steps() { // along each direction, the other's value and those of locked sliders stay; null where nothing can move
    const { rows, locked } = page.here(), held = rows.filter((view) => locked.has(view.slider.key)).map((view) => view.slider.vector);
    return axes.map((view, i) => stepOf(view.slider.vector, [...held, axes[1 - i].slider.vector]));
  }

  // The plane through a point: a function of two sliders' values.
  function planeThrough(point) {
    const ways = steps(), from = values(point);
    const at = (x, y) => round([x, y].reduce((sum, v, i) => (ways[i] ? add(sum, ways[i], v - from[i]) : sum), point));
    return { at, ways, corners: [at(-LIMIT, -LIMIT), at(LIMIT, -LIMIT), at(-LIMIT, LIMIT)] };
  }

  function fit() {
    if (!kit || !room) return;
    side = tiles.fit(kit, room);
    $(".view").style.setProperty("--side", `${side}px`);
  }

  const render = () => (mode === "training" ? paint() : refresh());

  // -- small pictures --------------------------------------------------------------------------------------------

  async function refresh() { // whatever happens meanwhile, happens first
    if (!visible || drag || mode !== "pictures" || !kit || !room) return;
    const mine = turn += 1, { point } = page.here();
    plane.setAttribute("aria-busy", "true");
    try {
      await tiles.draw(kit, planeThrough(point), values(point), () => mine === turn && visible && mode === "pictures" && point === page.here().point);
      if (mine !== turn) return;
      plane.setAttribute("aria-busy", tiles.isBusy);
      failures = 0;
      note();
    } catch (error) {
      if (mine !== turn) return;
      note(typeof error === "string" ? error : page.t("offline"));
      setTimeout(() => mine === turn && refresh(), Math.min(60, 1.5 * 2 ** failures) * 1000); // the server is away, or busy
      failures += 1;
    }
  }

  // -- training images -------------------------------------------------------------------------------------------

  function getCloud(model) {
    if (!clouds.has(model)) {
      const loading = server.on_cloud({ model }).then((given) => { if (given.error) throw given.error; return readCloud(given); });
      loading.catch(() => clouds.delete(model));
      clouds.set(model, loading);
    }
    return clouds.get(model);
  }

  async function showCloud() {
    const of = kit;
    if (!visible || mode !== "training") return;
    try {
      const given = await getCloud(of.model);
      if (of !== kit || mode !== "training") return;
      if (!given.points.length) { setMode("pictures"); await refresh(); return note(page.t("map_no_codes")); }
      if (cloud !== given) { cloud = given; lit = pinned = null; list(); }
      note();
      paint();
    } catch (error) {
      if (of === kit) note(typeof error === "string" ? error : page.t("offline"));
    }
  }

  function paint() {
    if (!cloud || mode !== "training") return showCloud();
    marks = project(cloud, ...axes.map((view) => view.slider.vector));
    const within = marks.filter(isWithin).length;
    const counted = page.t(within < marks.length ? "map_counted_within" : "map_counted", { count: marks.length.toLocaleString(page.language), out: marks.length - within });
    $(".counted").textContent = [counted, isColoured(cloud) ? page.t("map_key", { what: named("map_tells", cloud.attribute) }) : ""].join(page.language === "zh" ? "" : " ");
    draw();
  }

  const draw = () => drawCloud($(".cloud"), marks.filter(isWithin), isColoured(cloud), side, lit);

  function list() { // the classes, with how many there are of each
    const counts = countClasses(cloud), items = isColoured(cloud) ? cloud.classes : [];
    $(".classes").replaceChildren(...items.map((name, label) => {
      const item = document.createElement("li");
      item.innerHTML = '<button type="button" aria-pressed="false"><canvas width="1" height="1" aria-hidden="true"></canvas><span></span><i></i></button>';
      const button = item.firstChild;
      button.children[1].textContent = named(cloud.attribute, name);
      button.children[2].textContent = counts[label];
      for (const event of ["pointerenter", "focus"]) button.addEventListener(event, () => light(label));
      for (const event of ["pointerleave", "blur"]) button.addEventListener(event, () => light(pinned));
      button.addEventListener("click", () => {
        pinned = pinned === label ? null : label;
        for (const other of root.querySelectorAll(".classes button")) other.setAttribute("aria-pressed", other === button && pinned !== null);
        light(pinned);
      });
      return item;
    }));
    drawMarks();
  }

  const drawMarks = () => root.querySelectorAll(".classes canvas").forEach(drawMark);

  function light(label) {
    if (label === lit) return;
    lit = label;
    if (cloud && mode === "training") draw();
  }

  function tell(event) { // which class the mark under the pointer is of
    const [x, y] = place(event), found = mode === "training" && cloud && !drag ? findMark(marks, x, y, side) : null;
    tag.hidden = !found || !cloud.classes[found.label];
    if (tag.hidden) return;
    tag.textContent = named(cloud.attribute, cloud.classes[found.label]);
    tag.style.setProperty("--x", found.x / LIMIT);
    tag.style.setProperty("--y", found.y / LIMIT);
    tag.classList.toggle("left", found.x > 1);
  }

  // -- the dot ---------------------------------------------------------------------------------------------------

  function show([x, y]) {
    [x, y].forEach((v, i) => {
      sliders[i].value = cents(v);
      sliders[i].setAttribute("aria-valuetext", axes.map((view, k) => `${view.slider.label()} ${signed(k ? y : x)} σ`).join(", "));
      root.querySelector(`[data-axis="${i}"] output`).textContent = `${signed(v)} σ`;
    });
    dotted.style.setProperty("--x", clamp(x) / LIMIT);
    dotted.style.setProperty("--y", clamp(y) / LIMIT);
  }

  function go(x, y, at = null) {
    if (page.here().kit !== kit) return; // another model is coming
    at ??= planeThrough(page.here().point);
    const ways = at.ways, now = values(), to = [x, y].map((v, i) => (ways[i] ? cents(clamp(v)) : now[i]));
    const isStill = to.every((v, i) => Math.abs(v - now[i]) < 1e-3);
    if (isStill) return;
    show(to);
    page.tell("drag", { model: kit.model, noise: at.at(...to), begin: !moving });
    moving = true;
  }

  const place = (event) => { // of the pointer, in σ
    const box = drag?.box ?? plane.getBoundingClientRect(); // asked for while things move, it would lay out the page
    return [LIMIT * ((2 * (event.clientX - box.left)) / box.width - 1), LIMIT * (1 - (2 * (event.clientY - box.top)) / box.height)];
  };

  plane.addEventListener("pointerdown", (event) => {
    const onDot = dotted.contains(event.target);
    tapped = event.pointerType === "touch" && !onDot;
    if (!kit || event.button || tapped) return; // a tap goes there, a swipe scrolls the page
    event.preventDefault();
    sliders[0].focus({ preventScroll: true });
    plane.setPointerCapture(event.pointerId);
    const [x, y] = place(event), [left, low] = values().map(clamp);
    moving = false;
    drag = { box: plane.getBoundingClientRect(), at: planeThrough(page.here().point), off: onDot ? [left - x, low - y] : [0, 0] };
    tag.hidden = true;
    plane.classList.add("dragged");
    if (!onDot) go(x, y, drag.at);
  });
  plane.addEventListener("pointermove", (event) => {
    if (!drag) return tell(event);
    const [x, y] = place(event);
    go(x + drag.off[0], y + drag.off[1], drag.at);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    plane.addEventListener(name, () => {
      if (!drag) return;
      drag = null;
      moving = false;
      plane.classList.remove("dragged");
      if (mode === "pictures") refresh();
    });
  }
  plane.addEventListener("click", (event) => {
    if (!kit || !tapped) return;
    moving = false;
    go(...place(event));
    moving = false;
  });
  plane.addEventListener("pointerleave", () => { tag.hidden = true; });

  dotted.addEventListener("keydown", (event) => {
    const [dx, dy] = { ArrowRight: [0.1, 0], ArrowLeft: [-0.1, 0], ArrowUp: [0, 0.1], ArrowDown: [0, -0.1], PageUp: [0, 1], PageDown: [0, -1] }[event.key] ?? [];
    if (!kit || (dx === undefined && event.key !== "Home")) return;
    event.preventDefault();
    const [x, y] = values().map((v) => clamp(cents(v)));
    if (event.key === "Home") return go(...axes.map((view) => view.home));
    go(event.shiftKey ? x + 5 * dx : x + dx, event.shiftKey ? y + 5 * dy : y + dy);
  });
  sliders.forEach((slider, i) => slider.addEventListener("input", () => { // moved by an assistive tool
    const to = values();
    to[i] = +slider.value;
    go(...to);
  }));

  // -- which directions ------------------------------------------------------------------------------------------

  function note(sentence) { // what is wrong, else what cannot move
    const ways = kit ? steps() : [], stuck = axes.filter((_, i) => !ways[i]).map((view) => view.slider.label());
    $(".note").textContent = page.say(sentence) || (stuck.length ? page.t("map_stuck", { names: stuck.join(", ") }) : "");
  }

  function choose(keys) {
    axes = keys.map((key) => page.here().rows.find((view) => view.slider.key === key));
    chosen.set(kit.model, keys);
    label();
    show(values());
    note();
  }

  function label() { // everything that says the names of directions
    const { rows } = page.here();
    [across, up].forEach((select, i) => {
      select.replaceChildren(...rows.map((view) => new Option(view.slider.label(), view.slider.key)));
      select.value = axes[i].slider.key;
      const names = axes[i].slider.ends() ?? [`−${LIMIT} σ`, `+${LIMIT} σ`], [low, name, high] = $(i ? ".scale.up" : ".scale.across").children;
      [low.textContent, name.textContent, high.textContent] = [names[0], axes[i].slider.label(), names[1]];
      sliders[i].setAttribute("aria-label", page.t(i ? "map_dot_up" : "map_dot_across", { name: axes[i].slider.label() }));
    });
  }

  const isKnown = (keys) => keys?.length === 2 && keys[0] !== keys[1] && keys.every((key) => page.here().rows.some((view) => view.slider.key === key));

  function sync() { // the explorer is at another model: its own directions, those that were chosen before or in the link
    const here = page.here?.();
    if (!here?.kit || !here.point || here.kit === kit) return Boolean(kit);
    kit = here.kit;
    cloud = drag = null;
    moving = false;
    tiles.forget();
    const linked = new URLSearchParams(location.search).get("map")?.split(","), first = here.rows.slice(0, 2).map((view) => view.slider.key);
    const hasCloud = (withCloud.includes(kit.model) || page.card(kit.model)?.atlas);
    $(".modes").hidden = !hasCloud;
    if (!hasCloud) setMode("pictures");
    $(".here").style.setProperty("--side", `${kit.points ? HERE : kit.shape[1] * Math.round(HERE / kit.shape[1])}px`);
    fit();
    choose([chosen.get(kit.model), linked, first].find(isKnown));
    return true;
  }

  function setMode(to) {
    mode = to;
    $(`[value="${to}"]`).checked = true;
    $(".tiles").hidden = to !== "pictures";
    $(".cloud").hidden = $(".about").hidden = to === "pictures";
    tag.hidden = true;
    plane.setAttribute("aria-busy", to === "pictures" && tiles.isBusy);
  }

  [across, up].forEach((select, i) => select.addEventListener("change", () => {
    const keys = axes.map((view) => view.slider.key);
    if (select.value === keys[1 - i]) keys.reverse(); else keys[i] = select.value;
    const link = new URL(location);
    link.searchParams.set("map", keys.join(","));
    history.replaceState(history.state, "", link);
    choose(keys);
    render();
  }));
  for (const input of root.querySelectorAll(".modes input")) input.addEventListener("change", () => { setMode(input.value); note(); render(); });

  page.on("moved", ({ model, noise, picture }) => {
    if (!sync() || model !== kit.model) return;
    if (noise === page.here().point || (!drag && !moving)) show(values(noise)); // the dot is ahead of what is drawn
    page.draw($(".here .picture"), picture);
  });
  page.on("settled", () => {
    if (!sync()) return;
    if (!drag) { moving = false; show(values()); note(); }
    render();
  });
  page.on("theme", () => { drawMarks(); if (kit?.points) tiles.forget(); render(); });
  root.hidden = !page.model;
  page.mount(element, () => { if (kit) { label(); show(values()); note(); if (cloud) { list(); paint(); } } });
  new ResizeObserver(([entry]) => { room = Math.floor(entry.contentRect.width); fit(); render(); }).observe($(".room"));
  new IntersectionObserver(([entry]) => { visible = entry.isIntersecting; if (visible && sync()) render(); }).observe(plane);
}
