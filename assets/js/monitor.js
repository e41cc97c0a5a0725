// Train: the visitor's run as it goes on, or the recorded training of the chosen model, and any moment of either.
// Tells the document "run" {run, status, step, can_resume, active} whenever its status has changed.
import { createDiagram } from "./diagram.js";
import { createKnobs } from "./knobs.js";
import { createCharts } from "./monitor-charts.js";
import { createTimeline } from "./timeline.js";
import { createVersus } from "./versus.js";

const page = window.aegan;
const EVERY = 400, ASIDE = 3000, AGAIN = 1500, LISTED = 3000, JUDGED = 20; // milliseconds between two looks: in sight, in another tab, without an answer; between two lists of moments; records before the coach speaks
const ACTIVE = ["queued", "waiting", "running", "paused"], PARTS = ["config", "changes", "figures", "pictures", "look", "credit", "advice"];
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.round(seconds) % 60).padStart(2, "0")}`;

export default function mount(element, server, { props, watch, trigger }) {
  const root = element.querySelector(".aegan"), $ = (selector) => root.querySelector(selector);
  let own = null; // the visitor's run: {id, seen, status, records, …}
  let recorded = null; // the chosen model's: {model, records, …}
  let moment = null; // what the timeline shows; null: as it is now
  const linked = new URLSearchParams(location.search).has("train");
  let asked = Boolean(page.chosen), choosing = asked && linked; // whether anything was chosen before; whether after what is shown
  let listed = 0; // when it was last asked which moments there are
  let timer = null, queue = Promise.resolve(), offline = false;

  const say = (sentence) => { $(".message").textContent = page.say(sentence); };
  const active = () => Boolean(own) && ACTIVE.includes(own.status);
  const shown = () => (own && own.status !== "gone" ? own : recorded);

  // -- the run -----------------------------------------------------------------------------------------------------

  // One request after the other, so that an older answer never comes after a newer one.
  function ask(call, request) {
    const run = own;
    const answer = queue.then(async () => {
      if (own !== run || !run) return null;
      const given = await server[call]({ ...request, run: run.id, seen: run.seen });
      if (own === run) receive(given);
      return given;
    });
    queue = answer.catch(() => {});
    return answer;
  }

  async function poll() {
    clearTimeout(timer);
    let wait = root.offsetParent ? EVERY : ASIDE;
    try {
      if (!document.hidden) await ask("on_look", {});
      if (offline) { offline = false; say(""); }
    } catch {
      offline = true;
      say(page.t("offline"));
      wait = AGAIN;
    }
    clearTimeout(timer);
    if (active()) timer = setTimeout(poll, wait);
  }

  async function command(name, argument) {
    say("");
    try {
      const given = await ask("on_command", { command: name, argument });
      if (given?.error) { say(given.error); return; }
      if (name === "step") diagram.flash(argument);
    } catch { say(page.t("offline")); }
    poll();
  }

  function receive(given) {
    if (given.error) return say(given.error);
    const before = own.status, stood = own.step;
    own.status = given.status;
    own.seen = given.seen ?? {};
    if (given.step !== undefined) {
      const { records, seen, ...news } = given;
      Object.assign(own, news);
      if (records) own.records = records.whole ? records : append(own.records, records);
      if (given.records?.whole && stood > given.step) timeline.rewound();
    }
    if (given.pictures && root.offsetParent && performance.now() - listed > LISTED) { listed = performance.now(); timeline.refresh(); }
    if (before !== own.status) announce(before);
    show();
  }

  function append(columns, more) {
    const n = columns.step.length, m = more.step.length, metrics = {};
    for (const name of new Set([...Object.keys(columns.metrics), ...Object.keys(more.metrics)])) metrics[name] = [...(columns.metrics[name] ?? Array(n).fill(null)), ...(more.metrics[name] ?? Array(m).fill(null))];
    return { step: [...columns.step, ...more.step], nimg: [...columns.nimg, ...more.nimg], seconds: [...columns.seconds, ...more.seconds], metrics };
  }

  function announce(before) {
    page.run = { run: own?.status === "gone" ? null : own?.id ?? null, status: own?.status ?? "idle", step: own?.step ?? 0, can_resume: Boolean(own?.can_resume), active: active() };
    page.tell("run", page.run);
    trigger("status");
    versus.offer();
    if (before !== undefined && own) attachTimeline();
  }

  let timed = ""; // whose timeline is shown
  function attachTimeline() {
    const source = shown(), key = source === own && own ? own.id : recorded ? recorded.model : "";
    if (key === timed) { timeline.refresh(); return; }
    timed = key;
    moment = null;
    timeline.open(!source ? null : source === own ? { run: own.id } : { model: recorded.model }, source === own).then((reel) => {
      if (reel && source !== own && recorded?.model === reel.request.model) { Object.assign(recorded, reel.whole, { steps: reel.moments.step.at(-1) }); show(); }
    });
  }

  function open() { // what the page knows of: a run's id, or a sentence why there is none
    const value = props.value ?? {};
    if (value.refused) return say(value.refused);
    say("");
    if (value.run && value.run !== own?.id) {
      own = { id: value.run, status: "waiting", step: 0, seen: {}, records: { step: [], nimg: [], seconds: [], metrics: {} } };
      moment = null;
      if (root.offsetParent && window.innerWidth < 800) root.scrollIntoView({ block: "start" });
    }
    if (own) { announce(); poll(); } else replay();
  }

  // While the visitor has no run, the recorded training of the chosen model is shown.
  function replay() {
    if (own && own.status !== "gone") return;
    const card = page.facts.models.find((model) => model.name === page.model);
    if (!(card?.moments > 1)) recorded = null;
    else if (recorded?.model !== page.model) recorded = { model: page.model, status: "replay" };
    announce();
    attachTimeline();
    show();
  }

  // -- showing -----------------------------------------------------------------------------------------------------

  let due = false;
  function show() { // at most once a frame
    if (due) return;
    due = true;
    requestAnimationFrame(() => { due = false; draw(); });
  }

  function draw() {
    const run = shown() ?? { status: own?.status ?? "idle" }, at = moment?.step ?? null;
    root.dataset.status = run.status;
    const state = page.t(`status_${run.status}`, run);
    if ($(".state").textContent !== state) $(".state").textContent = state;
    const told = ["failed", "gone"].includes(run.status) || run.can_resume || ["finished", "stopped"].includes(run.status);
    const why = told && run.message && !run.message.startsWith("Stopped") && !run.message.startsWith("Finished") ? page.say(run.message) : "";
    if ($(".why").textContent !== why) $(".why").textContent = why;
    const step = at ?? run.step;
    $(".numbers").textContent = !run.steps ? "" : [
      page.t("steps_done", { step: (step ?? 0).toLocaleString("en"), steps: run.steps.toLocaleString("en") }),
      run.speed > 0 && page.t("images_per_second", { speed: run.speed.toLocaleString("en") }),
      run.seconds > 0 && page.t("seconds_spent", { seconds: Math.round(run.seconds) }),
      run.seconds_left != null && page.t("seconds_left", { left: clock(run.seconds_left) }),
      run.device, run.memory > 0 && page.t("megabytes", { mb: run.memory.toLocaleString("en") })].filter(Boolean).join(" · ");
    const share = run.steps ? (run.step ?? step ?? 0) / run.steps : 0;
    $(".progress").style.setProperty("--at", share);
    $(".progress").setAttribute("aria-valuenow", Math.round(100 * share));
    $(".credit").textContent = run.credit ?? "";
    commands(run);
    sheets(root, moment?.pictures ?? (run.status === "replay" ? null : run.pictures));
    const points = (moment?.pictures ?? run.pictures)?.generated?.groups, encodes = run.config ? run.config.rec || run.config.adv_rec || run.config.adv_z || run.config.cycle || run.config.rec_fake || run.config.kl : true;
    $(".reconstructions .sheet").classList.toggle("none", !encodes);
    $(".generated .help").textContent = page.t(points ? "points_help" : "generated_help");
    $(".reconstructions .help").textContent = page.t(!encodes ? "no_encoder" : points ? "reconstructed_points_help" : "reconstructions_help");
    charts.update({ records: run.records, figures: run.figures, changes: run.changes, look: moment ? moment.look : run.look, at });
    const planned = !active() && choosing && page.chosen ? page.chosen : null, drawn = planned ?? run.config ?? page.chosen;
    $(".drawn").textContent = page.t(planned || !run.config ? "diagram_choice" : run === own ? "diagram_run" : "diagram_model");
    diagram.update(drawn ?? {}, { step: planned ? null : run.status === "replay" ? at : run.step, running: run.status === "running" && at === null });
    const judged = at === null && run.status !== "replay"; // an ended run, too: it is its moral
    coach(judged ? run.advice ?? [] : [], judged && (run.records?.step.length ?? 0) >= JUDGED);
    $(".live-knobs").hidden = !["running", "paused"].includes(run.status);
    if (run.config && active()) knobs.update(run.config);
  }

  function commands(run) {
    const { status } = run, paused = status === "paused";
    const judged = run.config && (run.config.adv || run.config.adv_rec || run.config.adv_z), warm = run.config?.rec && run.step < run.config.warmup_steps;
    $(".pause").hidden = paused || Boolean(run.can_resume);
    $(".pause").disabled = status !== "running";
    $(".resume").hidden = !(paused || run.can_resume);
    $(".stop").disabled = !active();
    for (const button of root.querySelectorAll(".step")) button.disabled = !paused || (button.value === "d" && (!judged || warm));
    $(".step[value=d]").title = page.t(judged && warm ? "step_d_waits" : "step_d_help", { step: run.config?.warmup_steps?.toLocaleString("en") });
    const saves = run.saves ?? [], select = $(".saves"), key = saves.join();
    $(".rewind").disabled = select.disabled = !["running", "paused"].includes(status) || !saves.length;
    if (select.dataset.key !== key && document.activeElement !== select) {
      select.dataset.key = key;
      select.replaceChildren(...saves.toReversed().map((save) => new Option(save ? page.t("replay_at", { step: save.toLocaleString("en") }) : page.t("the_beginning"), save)));
    }
  }

  // Pictures of a moment in a box with the sheets "generated" and "reconstructions"; a new one is put in when decoded.
  function sheets(box, pictures) {
    box.querySelector(".sheets").classList.toggle("scatters", Boolean(pictures?.generated?.groups));
    for (const name of ["generated", "reconstructions"]) {
      const given = pictures?.[name], figure = box.querySelector(`.${name}`), img = figure.querySelector("img"), canvas = figure.querySelector("canvas");
      if (figure.shown === given && given) continue;
      figure.shown = given;
      canvas.hidden = !given?.groups;
      if (given?.groups) { page.scatter(canvas, given.groups); img.hidden = true; continue; }
      if (!given?.image) { if (pictures || !img.src) img.hidden = true; continue; }
      const next = new Image();
      next.src = given.image;
      const put = () => { if (figure.shown === given) { img.src = given.image; img.hidden = false; } };
      next.decode().then(put, put);
    }
  }

  let advised = "";
  function coach(advice, watched) { // spoken only when another rule comes first
    const [first] = advice, key = first ? `coach_${first.rule}` : watched ? "coach_well" : "coach_idle";
    if (`${key} ${page.language}` === advised) return;
    advised = `${key} ${page.language}`;
    $(".coach p").textContent = page.t(key, first?.values);
    $(".coach").classList.toggle("told", key !== "coach_idle" && key !== "coach_well");
    $(".how").textContent = key === "coach_idle" ? "" : page.t(`${key}_help`, first?.values);
  }

  // -- parts -------------------------------------------------------------------------------------------------------

  const charts = createCharts(root);
  const diagram = createDiagram($(".model"), $(".explain"));
  const timeline = createTimeline($(".timeline"), server, (given) => { moment = given; show(); }, say);
  const knobs = createKnobs($(".live-knobs .rows"), (turned) => command("change", turned));
  const versus = createVersus($(".versus"), server, () => (own && own.status !== "gone" && own.step > 0 ? own.id : null), sheets, say);

  for (const name of ["pause", "stop"]) $(`.${name}`).addEventListener("click", () => command(name));
  $(".resume").addEventListener("click", () => (own?.status === "paused" ? command("resume") : trigger("resume")));
  for (const button of root.querySelectorAll(".step")) button.addEventListener("click", () => command("step", button.value));
  $(".rewind").addEventListener("click", () => command("rewind", +$(".saves").value));
  document.addEventListener("visibilitychange", () => { if (!document.hidden && active()) poll(); });
  new ResizeObserver(() => { if (root.offsetParent) show(); }).observe(root);
  page.on("chosen", () => { choosing = asked || linked; asked = true; show(); }); // the first may be the page's own
  for (const name of ["input", "click"]) $(".timeline").addEventListener(name, () => { choosing = false; });
  page.on("model", () => { choosing = false; replay(); });
  page.on("theme", () => { for (const figure of root.querySelectorAll("figure")) figure.shown = null; show(); });
  watch("value", open);
  page.mount(element, () => { diagram.relabel(); timeline.relabel(); versus.relabel(); knobs.update(); advised = ""; show(); });
  open();
}
