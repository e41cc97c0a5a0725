// Any moment of a recorded run: a slider over the moments that have pictures, play, back to now, and all as a film.
const page = window.aegan, KEPT = 60, SECONDS = 12, QUICKEST = 100, SLOWEST = 450;

// The moments of one run, fetched when they are wanted; a bounded number is kept.
export function createReel(server, request) {
  const kept = new Map();
  let moments = { step: [], nimg: [], seconds: [] }, whole = {};

  async function list() { // asked again when the run may have grown
    const given = await server.on_moments(request);
    if (!given.error) { ({ moments, ...whole } = given); }
    return given;
  }

  async function at(step) {
    if (kept.has(step)) return kept.get(step);
    const given = await server.on_moment({ ...request, step });
    if (!given.error) {
      kept.set(step, given);
      if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    }
    return given;
  }

  return { request, list, at, forget: () => kept.clear(), has: (step) => kept.has(step), get moments() { return moments; }, get whole() { return whole; } };
}

export const pace = (count) => Math.min(SLOWEST, Math.max(QUICKEST, (1000 * SECONDS) / Math.max(1, count)));

// The bar below the pictures. `show` is told a moment {step, pictures, look}, or null: as it is now.
export function createTimeline(bar, server, show, say) {
  const $ = (selector) => bar.querySelector(selector), slider = $(".scrub");
  let reel = null, at = null, live = true, playing = null; // `at`: place among the moments; null: now

  const count = () => reel?.moments.step.length ?? 0;

  function put() {
    const last = Math.max(0, count() - 1), place = at ?? last, { step, nimg } = reel?.moments ?? {};
    slider.max = Math.max(1, last);
    slider.value = count() > 1 ? place : 1;
    slider.disabled = count() < 2;
    slider.style.setProperty("--at", count() > 1 ? place / last : 1);
    const words = at === null && live ? page.t("timeline_now") : count() ? page.t("timeline_at", { step: step[place].toLocaleString("en"), nimg: nimg[place].toLocaleString("en") }) : "";
    slider.setAttribute("aria-valuetext", words);
    $("output").textContent = words;
    $(".now").hidden = !live;
    $(".now").setAttribute("aria-pressed", at === null);
    $(".play span").textContent = page.t(playing ? "path_pause" : "path_play");
    $(".play").classList.toggle("playing", Boolean(playing));
    $(".play").disabled = count() < 2;
    for (const button of bar.querySelectorAll(".film")) button.disabled = count() < 2 || bar.classList.contains("making");
  }

  const ask = page.newest(async ({ from, place }) => ({ from, place, ...(await from.at(from.moments.step[place])) }), (given) => {
    if (given.from === reel && at !== null) show(given);
  }, say);

  function goto(place) {
    at = place;
    put();
    ask({ from: reel, place });
  }

  function now() {
    leave();
    at = null;
    put();
    show(null);
  }

  async function refresh() {
    const mine = reel;
    if (!mine || playing) return;
    const { step } = mine.moments;
    await mine.list().catch(() => {});
    if (mine !== reel) return;
    if (at !== null) at = Math.max(0, mine.moments.step.findLastIndex((s) => s <= step[at])); // the visitor may have moved meanwhile
    put();
  }

  async function play() {
    await refresh();
    if (count() < 2) return;
    const mine = (playing = { from: reel });
    if (at === null || at >= count() - 1) goto(0);
    put();
    while (playing === mine && at < count() - 1) {
      const next = at + 1, wait = new Promise((resume) => setTimeout(resume, pace(count())));
      const ready = await mine.from.at(mine.from.moments.step[next]).catch(() => ({ error: page.t("offline") }));
      await wait;
      if (playing !== mine) return;
      if (ready.error) { say(ready.error); break; }
      goto(next);
    }
    if (playing === mine) leave();
  }

  function leave() {
    playing = null;
    put();
  }

  slider.addEventListener("input", () => { const place = +slider.value; leave(); goto(place); });
  for (const name of ["pointerenter", "focus"]) slider.addEventListener(name, () => { if (live) refresh(); });
  $(".play").addEventListener("click", () => (playing ? leave() : play()));
  $(".now").addEventListener("click", now);

  for (const button of bar.querySelectorAll(".film")) {
    button.addEventListener("click", async () => {
      bar.classList.add("making");
      put();
      say("");
      $("output").textContent = page.t("film_making");
      const given = await server.on_train_film({ ...reel.request, format: button.value, milliseconds: pace(count()) }).catch(() => ({ error: page.t("offline") }));
      bar.classList.remove("making");
      put();
      if (given.error) return say(given.error);
      const bytes = page.bytes(given.film);
      page.download(new Blob([bytes], { type: `image/${button.value}` }), `training.${button.value}`);
      $("output").textContent = page.t("film_made", { frames: given.frames, size: (bytes.length / 2 ** 20).toFixed(1) });
    });
  }

  return {
    // Another run: a live one is shown as it is now, a recorded one at its end.
    async open(request, isLive) {
      leave();
      live = isLive;
      at = null;
      reel = request ? createReel(server, request) : null;
      put();
      if (!reel) return null;
      const mine = reel;
      await refresh();
      if (mine !== reel) return null;
      if (!live && count()) goto(count() - 1);
      return mine;
    },
    rewound() { reel?.forget(); if (at !== null) now(); refresh(); },
    refresh,
    relabel: put,
    get at() { return at === null ? null : reel.moments.step[at]; },
    get reel() { return reel; },
  };
}
