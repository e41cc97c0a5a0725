// A path through kept points, played in the big picture and saved as a film by the server.
import { walk } from "./kin.js";
import { drawAll } from "./sheet.js";

const page = window.aegan, MOST_KEYS = 24, MOST_FRAMES = 240, QUIET = 400;

export function createPaths(panel, desk) {
  const $ = (selector) => panel.querySelector(selector), scrub = $(".scrub"), each = $(".each"), speed = $(".speed"), screen = $(".screen canvas");
  let kit = null, keys = [], frames = [], at = 0;
  let drawn = [], drawing = false; // pictures of frames, kept for the next time round
  let playing = null; // {since: when, from: frame}
  let quiet = null;

  const perSecond = () => +speed.value;

  function update() { // the path through what is ticked now
    if (playing) return;
    const here = desk.here(), chosen = desk.chosen().slice(0, MOST_KEYS);
    panel.classList.toggle("ready", Boolean(here.kit) && chosen.length > 1);
    if (!here.kit || chosen.length < 2) { frames = []; return; }
    const changed = kit !== here.kit || JSON.stringify(keys.map((key) => key.point)) !== JSON.stringify(chosen.map((key) => key.point));
    kit = here.kit;
    keys = chosen;
    $(".keys").replaceChildren(...keys.map((key) => {
      const item = document.createElement("li"), image = document.createElement("img");
      if (key.thumbnail) image.src = key.thumbnail;
      image.alt = image.title = key.name;
      item.append(image);
      return item;
    }));
    for (const button of panel.querySelectorAll(".film")) button.hidden = kit.points;
    if (changed) at = 0;
    lay();
  }

  function lay() {
    if (keys.length < 2) return;
    const loop = $(".loop").checked, stretches = keys.length - (loop ? 0 : 1);
    each.max = Math.min(60, Math.floor((MOST_FRAMES - 1) / stretches));
    frames = walk(keys.map((key) => key.point), { loop, spherical: panel.querySelector("[name=line]:checked").value === "arc", each: +each.value });
    drawn = [];
    each.style.setProperty("--at", (each.value - each.min) / (each.max - each.min || 1));
    $(".each-value").textContent = each.value;
    scrub.max = frames.length - 1;
    at = Math.min(at, frames.length - 1);
    put();
    $(".length").textContent = page.t("path_length", { frames: frames.length, seconds: (frames.length / perSecond()).toFixed(1) });
  }

  function put() {
    scrub.value = at;
    scrub.style.setProperty("--at", frames.length > 1 ? at / (frames.length - 1) : 0);
    scrub.setAttribute("aria-valuetext", page.t("path_frame", { n: at + 1, of: frames.length }));
    const now = page.t(playing ? "path_pause" : "path_play");
    $(".play span").textContent = now;
    $(".play").classList.toggle("playing", Boolean(playing));
  }

  function show(frame) {
    at = frame;
    put();
    page.tell("show", { model: kit.model, noise: frames[at], picture: drawn[at] });
  }

  async function drawAhead() { // many at a time are quicker than one by one, and kinder to a server
    if (drawing) return;
    drawing = true;
    while (playing && frames.some((_, i) => !drawn[i])) {
      const into = drawn, missing = frames.map((_, i) => (at + i) % frames.length).filter((i) => !into[i]);
      const wish = drawAll(kit, missing.map((i) => frames[i]), (k, picture) => { into[missing[k]] = picture; }, () => playing && into === drawn);
      const { error } = await wish.catch(() => ({ error: page.t("offline") }));
      if (error) { desk.say(error); leave(); }
    }
    drawing = false;
  }

  function tick(now) {
    if (!playing) return;
    const due = playing.from + Math.max(0, Math.floor(((now - playing.since) * perSecond()) / 1000));
    const frame = $(".loop").checked ? due % frames.length : Math.min(due, frames.length - 1);
    if (!drawn[frame]) playing = { since: now, from: at }; // the clock stands until there is more to see
    else if (frame !== at) show(frame);
    if (at === frames.length - 1 && !$(".loop").checked) return stop();
    requestAnimationFrame(tick);
  }

  function play() {
    if (frames.length < 2) return;
    clearTimeout(quiet);
    if (at === frames.length - 1) at = 0;
    playing = { since: performance.now(), from: at };
    put();
    drawAhead();
    requestAnimationFrame(tick);
  }

  function stop() { // the explorer stands where the film does: one step, which can be undone
    if (!playing) return;
    playing = null;
    put();
    desk.visit(kit, frames[at]);
  }

  function leave() { // without leading anywhere
    playing = null;
    clearTimeout(quiet);
    put();
  }

  $(".play").addEventListener("click", () => (playing ? stop() : play()));
  scrub.addEventListener("input", () => {
    if (playing) leave();
    show(+scrub.value);
    clearTimeout(quiet);
    quiet = setTimeout(() => desk.visit(kit, frames[at]), QUIET);
  });
  speed.addEventListener("change", () => { if (playing) playing = { since: performance.now(), from: at }; lay(); });
  for (const node of [each, $(".loop"), ...panel.querySelectorAll("[name=line]")]) node.addEventListener("input", () => { stop(); lay(); });

  // Whoever touches the explorer meanwhile takes over from where the film is.
  for (const name of ["pointerdown", "keydown"]) document.querySelector("#explore")?.addEventListener(name, stop, { capture: true });
  page.on("goto", () => { if (playing) leave(); });
  page.on("moved", () => {
    const above = document.querySelector("#explore canvas.picture");
    if (panel.hidden || !frames.length) return;
    [screen.width, screen.height] = [above.width, above.height];
    screen.getContext("2d").drawImage(above, 0, 0);
  });

  for (const button of panel.querySelectorAll(".film")) {
    button.addEventListener("click", async () => {
      if (playing) stop();
      panel.classList.add("making");
      for (const other of panel.querySelectorAll(".film")) other.disabled = true;
      desk.say(page.t("film_making"));
      const wish = {
        model: kit.model, points: keys.map((key) => key.point), spherical: panel.querySelector("[name=line]:checked").value === "arc",
        loop: $(".loop").checked, frames_per_stretch: +each.value, milliseconds: 1000 / perSecond(), format: button.value,
      };
      const given = await desk.server.on_film(wish).catch(() => ({ error: page.t("offline") }));
      for (const other of panel.querySelectorAll(".film")) other.disabled = false;
      panel.classList.remove("making");
      if (given.error) return desk.say(given.error);
      const bytes = page.bytes(given.film);
      page.download(new Blob([bytes], { type: `image/${button.value}` }), `${page.titled(wish.model)}-path.${button.value}`);
      desk.say(page.t("film_made", { frames: given.frames, size: (bytes.length / 2 ** 20).toFixed(1) }));
    });
  }
  return { update, leave };
}
