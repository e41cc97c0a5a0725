// What can be done with a picture's code: refine it, fill in what is painted over, edit it in Explore, morph it into
// another one, send it round and round. The server keeps nothing: a refinement's state goes there and back.
import { createPad } from "./reconstruct-pad.js";

const page = window.aegan;
const STEPS = 60, CHUNK = 5, FRAMES = 25, MASK_THRESHOLD = 96, EXPLORE_LIMIT = 10;

// `answer()` is the picture's answer; `show(refined)` puts a refined one on view, or the plain one again.
export function createTools(root, server, { answer, show, random }) {
  const $ = (selector) => root.querySelector(selector);
  const refineButton = $("button.refine"), progress = $(".progress"), panels = ["fill", "morph", "cycle"];
  const panel = (name) => $(`.panel.${name}`), toggle = (name) => $(`[data-panel="${name}"]`);
  let run = 0; // number of the refinement that may still show something
  let busy = null; // "refine" or "fill" while one runs
  let later = null; // the button that was pressed while the picture's own answer was still awaited
  let refined = null, filled = null; // what they came to: {before, after, step}

  async function call(question, request) { // an answer, or null once the page moved on; errors are told
    try {
      const given = await question(request);
      if (given.error) { $(".message").textContent = page.say(given.error); return null; }
      return given.model === page.model ? given : null;
    } catch {
      $(".message").textContent = page.t("no_answer");
      return null;
    }
  }

  // -- refining -----------------------------------------------------------------------------------------------------

  // Chunk by chunk until it is done, stopped, or the picture is another one; `each` gets what every chunk came to.
  async function refine(kind, hidden, each) {
    const mine = ++run, { input, model } = answer();
    busy = kind;
    update();
    let state = null, before = null, done = false;
    while (mine === run) {
      const given = await call(server.on_refine, { model, seen: input.pixels, hidden, state, steps: state ? Math.min(CHUNK, STEPS - state.step) : 0 });
      if (mine !== run || !given) break;
      state = given.state;
      before ??= given.psnr;
      done = state.step >= STEPS;
      each({ given, before, after: given.psnr, step: state.step, done });
      if (done) break;
    }
    if (mine === run) busy = null;
    update();
    return done;
  }

  function update() {
    const there = Boolean(answer());
    refineButton.disabled = !there;
    refineButton.dataset.t = busy === "refine" ? "cancel" : "refine";
    refineButton.textContent = page.t(refineButton.dataset.t);
    $(".run-fill").dataset.t = busy === "fill" ? "cancel" : "fill";
    $(".run-fill").textContent = page.t($(".run-fill").dataset.t);
    $(".run-fill").disabled = !there || (mask.isEmpty() && busy !== "fill");
    for (const name of panels) toggle(name).disabled = !there;
    $(".edit").disabled = !there || !answer().in_sigma || Math.max(...current().code.map(Math.abs)) > EXPLORE_LIMIT;
    progress.hidden = !refined;
    $(".back").hidden = busy === "refine" || !refined;
    if (refined) {
      $(".progress i").style.setProperty("--at", refined.step / STEPS);
      $(".said").textContent = page.t("refined", say(refined));
    }
    $(".fill-psnr").textContent = filled ? page.t("psnr", { value: filled.after.toFixed(1) }) : "";
    $(".fill-said").textContent = filled ? page.t("filled_said", say(filled)) : "";
  }

  const say = ({ before, after, step }) => ({ before: before.toFixed(1), after: after.toFixed(1), step, steps: STEPS });
  const current = () => (refined?.given && !busy ? { ...answer(), ...refined.given } : answer());

  function waits(button) {
    later = root.classList.contains("busy") ? button : null;
    return later !== null;
  }

  refineButton.addEventListener("click", async () => {
    if (busy === "refine") { stop(); return; }
    if (waits(refineButton)) return;
    refined = null;
    const done = await refine("refine", null, (now) => { refined = now; show(now.given); update(); });
    if (done && refined) $(".news").textContent = page.t("refined", say(refined));
    if (done) renewOthers();
  });
  $(".back").addEventListener("click", () => { refined = null; show(null); update(); renewOthers(); refineButton.focus(); });

  function stop() {
    run += 1;
    busy = later = null;
    update();
  }

  // -- filling in ---------------------------------------------------------------------------------------------------

  const mask = createPad($(".mask"), {
    ink: () => "#e69f00",
    thickness: () => +$(".mask-thickness").value / 100,
    changed: () => { if (busy === "fill") stop(); update(); },
  });
  $(".undo-mask").addEventListener("click", mask.undo);
  $(".clear-mask").addEventListener("click", mask.clear);

  function hiddenBytes() { // a byte per pixel of the picture: 1 where it is painted over
    const { width, height } = answer().input;
    const { data } = mask.render(width).getContext("2d").getImageData(0, 0, width, height);
    return btoa(Array.from({ length: width * height }, (_, i) => String.fromCharCode(data[4 * i + 3] > MASK_THRESHOLD ? 1 : 0)).join(""));
  }

  $(".run-fill").addEventListener("click", async () => {
    if (busy === "fill") { stop(); return; }
    if (waits($(".run-fill"))) return;
    if (refined) { refined = null; show(null); }
    filled = null;
    const done = await refine("fill", hiddenBytes(), (now) => { filled = now; page.draw($("canvas.filled"), now.given.reconstruction); update(); });
    if (done) $(".news").textContent = page.t("filled_said", say(filled));
  });

  // -- editing ------------------------------------------------------------------------------------------------------

  $(".edit").addEventListener("click", () => {
    const { model, code } = current();
    page.tell("goto", { model, noise: code });
    page.openTab("explore");
  });

  // -- morphing -----------------------------------------------------------------------------------------------------

  const at = $(".at"), frames = $(".frames"), play = $(".play");
  let first = null, second = null, way = null, playing = 0;

  const askMorph = page.newest((wish) => server.on_morph(wish), (given) => {
    if (given.model !== page.model || panel("morph").hidden) return;
    way = given.pictures;
    [at.disabled, play.disabled] = [false, false];
    frames.replaceChildren(...[0, 4, 8, 12, 16, 20, 24].map((i) => {
      const canvas = document.createElement("canvas");
      page.draw(canvas, way[i]);
      canvas.addEventListener("click", () => { at.value = i; showFrame(); });
      return canvas;
    }));
    showFrame();
  }, (sentence) => { $(".message").textContent = page.say(sentence); });

  function showFrame() {
    at.style.setProperty("--at", at.value / (FRAMES - 1));
    at.setAttribute("aria-valuetext", page.t("between_value", { value: Math.round((100 * at.value) / (FRAMES - 1)) }));
    if (way) page.draw($("canvas.between"), way[+at.value]);
  }

  function beginMorph() {
    first = current();
    [second, way] = [null, null];
    pause();
    page.draw($("canvas.first"), first.reconstruction);
    for (const name of ["between", "second"]) clear($(`canvas.${name}`));
    frames.replaceChildren();
    [at.disabled, play.disabled, at.value] = [true, true, (FRAMES - 1) / 2];
    showFrame();
  }

  function continueMorph() {
    if (!first || current().code === first.code) return;
    second = current();
    page.draw($("canvas.second"), second.reconstruction);
    askMorph({ model: second.model, start: first.code, end: second.code });
  }

  function pause() { cancelAnimationFrame(playing); playing = 0; play.dataset.t = "play"; play.textContent = page.t("play"); }
  play.addEventListener("click", () => {
    if (playing) return pause();
    play.dataset.t = "pause";
    play.textContent = page.t("pause");
    const begun = performance.now() - (+at.value / (FRAMES - 1)) * 2000;
    const step = (now) => { // two seconds there, two seconds back
      const share = ((now - begun) % 4000) / 2000;
      at.value = Math.round((share > 1 ? 2 - share : share) * (FRAMES - 1));
      showFrame();
      playing = root.offsetParent ? requestAnimationFrame(step) : 0;
      if (!playing) pause();
    };
    playing = requestAnimationFrame(step);
  });
  at.addEventListener("input", () => { pause(); showFrame(); });
  $(".restart").addEventListener("click", beginMorph);
  $(".another").addEventListener("click", random);

  // -- cycle --------------------------------------------------------------------------------------------------------

  let cycle = null;
  const askCycle = page.newest((wish) => server.on_cycle(wish), (given) => {
    if (given.model !== page.model || panel("cycle").hidden) return;
    cycle = given;
    showCycle();
  }, (sentence) => { $(".message").textContent = page.say(sentence); });

  function showCycle() {
    if (!cycle) return;
    const start = { picture: answer().input, title: "x", lines: [page.t("cycle_length", { value: cycle.length.toFixed(2) })] };
    const rounds = cycle.rounds.map((round, i) => ({
      picture: round, title: `x̂${"₁₂₃₄₅₆₇₈₉"[i]}`,
      lines: [page.t("psnr", { value: round.psnr.toFixed(1) }), page.t("cycle_moved", { value: round.moved.toFixed(2) })],
    }));
    $(".rounds").replaceChildren(...[start, ...rounds].map(({ picture, title, lines }) => {
      const item = document.createElement("li"), canvas = document.createElement("canvas"), name = document.createElement("b");
      canvas.className = "picture";
      canvas.setAttribute("aria-hidden", "true");
      page.draw(canvas, picture);
      name.textContent = title;
      item.append(canvas, name, ...lines.map((line) => Object.assign(document.createElement("span"), { textContent: line })));
      return item;
    }));
  }

  // -- panels -------------------------------------------------------------------------------------------------------

  const clear = (canvas) => canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);

  function open(name) {
    for (const one of panels) {
      panel(one).hidden = one !== name;
      toggle(one).setAttribute("aria-expanded", one === name);
    }
    if (name !== "morph") { pause(); first = null; }
    if (busy === "fill" && name !== "fill") stop();
    if (name === "fill") { page.draw($("canvas.masked"), answer().input); if (!filled) page.draw($("canvas.filled"), answer().input); update(); }
    if (name === "morph") beginMorph();
    if (name === "cycle") renewOthers();
  }
  for (const name of panels) toggle(name).addEventListener("click", () => open(panel(name).hidden ? name : null));

  function renewOthers() { // what follows from the code that is on view
    if (!panel("morph").hidden) continueMorph();
    if (!panel("cycle").hidden) askCycle({ model: answer().model, seen: answer().input.pixels });
  }

  update();
  return {
    stop,
    renew: () => { // another picture was answered
      run += 1;
      busy = refined = filled = null;
      if (!panel("fill").hidden) { page.draw($("canvas.masked"), answer().input); page.draw($("canvas.filled"), answer().input); }
      update();
      renewOthers();
      if (later) later.click();
    },
    forget: () => { // another model was chosen
      run += 1;
      busy = later = refined = filled = first = cycle = way = null;
      mask.forget();
      open(null);
      update();
    },
    translate: () => { update(); showFrame(); if (answer()) showCycle(); },
  };
}
