// A run as it stands: Python sends the whole state as the component's value, this draws it.
const page = window.aegan, $ = (selector) => root.querySelector(selector);
const root = element.querySelector(".aegan"), at = $("#replay-at");
const W = 480, H = 220, LEFT = 40, RIGHT = 8, TOP = 8, BOTTOM = 22;
let run = { status: "idle" }; // what is shown
let own = "idle"; // the status of the visitor's own run
const live = () => ["queued", "waiting", "running", "paused"].includes(own);

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.round(seconds) % 60).padStart(2, "0")}`;

function show() {
  const told = ["failed", "gone"].includes(run.status) || run.can_resume;
  root.dataset.status = run.status;
  $(".state").textContent = page.t(`status_${run.status}`, run);
  $(".message").textContent = told && run.message ? run.message : "";
  $(".numbers").textContent = !run.steps ? "" : [
    page.t("steps_done", { step: run.step.toLocaleString("en"), steps: run.steps.toLocaleString("en") }),
    run.speed > 0 && page.t("images_per_second", { speed: run.speed.toLocaleString("en") }),
    run.seconds > 0 && page.t("seconds_spent", { seconds: Math.round(run.seconds) }),
    run.seconds_left != null && page.t("seconds_left", { left: clock(run.seconds_left) }),
    run.device].filter(Boolean).join(" · ");
  const share = run.steps ? run.step / run.steps : 0;
  $(".progress").style.setProperty("--at", share);
  $(".progress").setAttribute("aria-valuenow", Math.round(100 * share));
  $(".credit").textContent = run.credit ?? "";
  $(".sheets").classList.toggle("scatters", Boolean(run.generated?.groups));
  sheet("generated", run.generated, run.generated?.groups ? "points_help" : "generated_help");
  const help = run.steps && !run.has_encoder ? "no_encoder" : run.generated?.groups ? "reconstructed_points_help" : "reconstructions_help";
  sheet("reconstructions", run.reconstructions, help);
  chart($(".losses"), run.losses, true);
  chart($(".scores"), run.scores, false);
}

function sheet(name, given, help) {
  const box = $(`.${name}`), img = box.querySelector("img"), canvas = box.querySelector("canvas");
  img.hidden = !given?.image;
  canvas.hidden = !given?.groups;
  if (given?.image) img.src = given.image;
  if (given?.groups) page.scatter(canvas, given.groups);
  box.querySelector(".help").textContent = page.t(help);
}

// Curves over steps. `logarithmic` puts equal ratios at equal distances, unless a value is not positive.
function chart(figure, curves, logarithmic) {
  const svg = figure.querySelector("svg"), legend = figure.querySelector(".legend");
  const { steps = [], lines = [] } = curves ?? {};
  figure.classList.toggle("empty", !lines.length);
  const all = lines.flatMap((line) => line.values.filter((v) => v != null));
  const log = logarithmic && all.length > 0 && Math.min(...all) > 0;
  const f = log ? Math.log10 : (v) => v;
  let low = log ? f(Math.min(...all)) : Math.min(0, ...all), high = logarithmic ? f(Math.max(...all, low + 1e-9)) : 1;
  if (!all.length) { low = 0; high = 1; }
  if (high - low < 0.2) { low -= 0.1; high += 0.1; }
  const first = steps[0] ?? 0, last = Math.max(steps.at(-1) ?? 1, first + 1);
  const x = (step) => LEFT + (W - LEFT - RIGHT) * (step - first) / (last - first);
  const y = (v) => TOP + (H - TOP - BOTTOM) * (1 - (f(v) - low) / (high - low));
  const kept = page.ticks(low, high, log);
  const grid = kept.map((v) => `<line class="rule" x1="${LEFT}" x2="${W - RIGHT}" y1="${y(v)}" y2="${y(v)}"/><text x="${LEFT - 6}" y="${y(v) + 3.5}" text-anchor="end">${+v.toPrecision(2)}</text>`);
  const ends = steps.length > 1 ? [[first, "start"], [last, "end"]].map(([s, side]) => `<text x="${x(s)}" y="${H - 6}" text-anchor="${side}">${s.toLocaleString("en")}</text>`) : [];
  const paths = lines.map((line) => {
    let pen = "M";
    const d = line.values.map((v, i) => { if (v == null) { pen = "M"; return ""; } const to = `${pen}${x(steps[i]).toFixed(1)} ${y(v).toFixed(1)}`; pen = "L"; return to; }).join("");
    return `<path d="${d}" style="stroke:var(--${line.actor})" stroke-dasharray="${line.dash}"/>`;
  });
  svg.innerHTML = `${grid.join("")}${ends.join("")}<g class="lines">${paths.join("")}</g><line class="cursor" y1="${TOP}" y2="${H - BOTTOM}" visibility="hidden"/>`;
  const read = (i) => {
    legend.innerHTML = lines.map((line) => `<li><svg viewBox="0 0 22 8" width="22" height="8" aria-hidden="true"><path d="M0 4H22" style="stroke:var(--${line.actor})" stroke-dasharray="${line.dash}"/></svg>${page.t(line.text)} <b>${line.values[i]?.toPrecision(3) ?? "–"}</b></li>`).join("")
      || `<li>${page.t(run.steps && !logarithmic && run.step ? "no_scores" : "nothing_yet")}</li>`;
  };
  read(steps.length - 1);
  svg.onpointermove = (event) => {
    if (!steps.length) return;
    const box = svg.getBoundingClientRect(), wanted = first + (last - first) * ((event.clientX - box.left) * W / box.width - LEFT) / (W - LEFT - RIGHT);
    const i = steps.reduce((best, s, j) => (Math.abs(s - wanted) < Math.abs(steps[best] - wanted) ? j : best), 0);
    const cursor = svg.querySelector(".cursor");
    cursor.setAttribute("x1", x(steps[i])); cursor.setAttribute("x2", x(steps[i])); cursor.setAttribute("visibility", "visible");
    read(i);
  };
  svg.onpointerleave = () => { svg.querySelector(".cursor")?.setAttribute("visibility", "hidden"); read(steps.length - 1); };
}

// The recorded training of the chosen model, while no run of the visitor's own is active.
const ask = page.newest((request) => server.on_replay(request), (given) => {
  if (live() || given.model !== page.model) return;
  run = given;
  root.querySelector(".replay output").textContent = page.t("replay_at", { step: given.step.toLocaleString("en") });
  show();
}, (sentence) => { $(".message").textContent = sentence; });

const moments = () => page.facts.models.find((model) => model.name === page.model)?.moments ?? 0;
const watchAgain = () => { if (moments() > 1) ask({ model: page.model, at: +at.value }); };

function receive() {
  const given = props.value ?? { status: "idle" };
  if (given.status === "refused") { $(".message").textContent = given.message; return; }
  own = given.status;
  $(".replay").hidden = live() || moments() < 2;
  if (given.status === "idle" && moments() > 1) return watchAgain();
  run = given;
  show();
}

at.addEventListener("input", watchAgain);
at.step = 1 / Math.max(1, moments() - 1);
page.on("model", receive);
page.on("theme", show);
watch("value", receive);
page.mount(element, show);
receive();
