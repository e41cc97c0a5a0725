// Two runs side by side on one clock: what each makes after as many images, or as many seconds; their curves over each other.
import { createLines, thin } from "./monitor-charts.js";
import { createReel, pace } from "./timeline.js";

const page = window.aegan, COLOURS = ["var(--one)", "var(--other)"], TICKS = 60;
const CHARTS = [["rec", "loss/rec", "records"], ["adv", "loss/adv_g", "records"], ["fd", "fd/samples", "figures"]];

export function createVersus(details, server, own, sheets, say) {
  const $ = (selector) => details.querySelector(selector), sides = [...details.querySelectorAll(".side")], slider = $(".scrub");
  const reels = [null, null], shown = [null, null];
  let at = 1, playing = null, built = "", turn = 0; // `at`: the share of the clock that has passed

  const clock = () => details.querySelector("[name=versus-clock]:checked").value;
  const chosen = (i) => sides[i].querySelector("select").value;
  const title = (value) => (value === "own" ? page.t("versus_own") : value);
  const end = () => Math.max(1, ...reels.map((reel) => reel?.moments[clock()].at(-1) ?? 0));
  const charts = CHARTS.map(([name]) => createLines(details.querySelector(`.chart-${name}`), { empty: "no_figures", unit: "versus_at", point: (v) => charts.forEach((chart) => chart.read(v ?? at * end())) }));

  // What can be chosen: the visitor's own run, and models whose training was recorded.
  function offer() {
    const names = [...(own() ? ["own"] : []), ...page.facts.models.filter((model) => model.moments > 1).map((model) => model.name)];
    const key = JSON.stringify([names, page.language]);
    details.hidden = names.length < 2;
    if (key === built) return;
    built = key;
    const data = (name) => page.facts.models.find((model) => model.name === name)?.data;
    sides.forEach((side, i) => { // at first the chosen model, or the visitor's run, beside one of the same data
      const select = side.querySelector("select"), before = select.value, one = sides[0].querySelector("select").value;
      const first = names.includes("own") ? "own" : names.includes(page.model) ? page.model : names[0], others = names.filter((name) => name !== one);
      select.replaceChildren(...names.map((name) => new Option(title(name), name)));
      select.value = details.open && names.includes(before) ? before : i ? others.find((name) => data(name) === data(one)) ?? others[0] : first;
    });
  }

  async function open(i) {
    const value = chosen(i), request = value === "own" ? { run: own(), whole: true } : { model: value };
    const reel = (reels[i] = createReel(server, request));
    shown[i] = null;
    const given = await reel.list().catch(() => ({ error: page.t("offline") }));
    if (reels[i] !== reel) return;
    if (given.error) say(given.error);
    put();
    draw();
  }

  const unit = (v) => (clock() === "nimg" ? page.t("versus_images", { n: Math.round(v).toLocaleString("en") }) : page.t("seconds_spent", { seconds: Math.round(v).toLocaleString("en") }));

  function put() {
    slider.value = Math.round(at * TICKS);
    slider.style.setProperty("--at", at);
    slider.setAttribute("aria-valuetext", unit(at * end()));
    $(".at").textContent = unit(at * end());
    $(".play span").textContent = page.t(playing ? "path_pause" : "path_play");
    $(".play").classList.toggle("playing", Boolean(playing));
    for (const chart of charts) chart.read(at * end());
    look();
  }

  const place = (reel) => Math.max(0, reel.moments[clock()].findLastIndex((v) => v <= at * end() * 1.0001));

  async function look() { // the pictures of both at this moment; of a drag only the last is fetched
    const mine = (turn += 1);
    await Promise.all(reels.map(async (reel, i) => {
      if (!reel?.moments.step.length) return;
      const k = place(reel), step = reel.moments.step[k];
      if (shown[i] === step) return;
      const given = await reel.at(step).catch(() => ({ error: page.t("offline") }));
      if (reels[i] !== reel || (mine !== turn && !reel.has(step)) || given.error) return given.error && say(given.error);
      if (mine !== turn && place(reel) !== k) return;
      shown[i] = step;
      sheets(sides[i], given.pictures);
      sides[i].querySelector(".when").textContent = [page.t("replay_at", { step: step.toLocaleString("en") }), page.t("versus_images", { n: reel.moments.nimg[k].toLocaleString("en") }), page.t("seconds_spent", { seconds: Math.round(reel.moments.seconds[k]) })].join(" · ");
    }));
  }

  function draw() {
    CHARTS.forEach(([, metric, part], c) => {
      const lines = reels.flatMap((reel, i) => {
        const columns = reel?.whole[part];
        if (!columns?.metrics?.[metric]) return [];
        const batch = reel.whole.config.batch_size, { records } = reel.whole;
        const seconds = (step) => { const k = records.step.findIndex((s) => s >= step); return records.seconds[k < 0 ? records.seconds.length - 1 : k] ?? 0; };
        const kept = thin(columns), x = kept.step.map((step) => (clock() === "nimg" ? step * batch : seconds(step)));
        return [{ name: title(chosen(i)), actor: "quiet", colour: COLOURS[i], dash: i ? "6 3" : "", step: x, values: kept.metrics[metric] }];
      });
      charts[c].draw(lines);
    });
    for (const chart of charts) chart.read(at * end());
  }

  async function play() {
    const mine = (playing = {});
    if (at >= 1) at = 0;
    while (playing === mine && at < 1) {
      put();
      const wait = new Promise((resume) => setTimeout(resume, pace(TICKS)));
      await Promise.all([look(), wait]);
      if (playing !== mine) return;
      at = Math.min(1, at + 1 / TICKS);
    }
    if (playing === mine) { playing = null; put(); }
  }

  slider.max = TICKS;
  slider.addEventListener("input", () => { playing = null; at = slider.value / TICKS; put(); });
  $(".play").addEventListener("click", () => { if (playing) { playing = null; put(); } else play(); });
  for (const radio of details.querySelectorAll("[name=versus-clock]")) radio.addEventListener("change", () => { put(); draw(); });
  sides.forEach((side, i) => side.querySelector("select").addEventListener("change", () => { playing = null; open(i); }));
  details.addEventListener("toggle", () => { if (details.open) { offer(); open(0); open(1); } else { playing = null; } });
  return { offer, relabel: () => { offer(); if (details.open) { put(); draw(); } } };
}
