// The picture as it was given, turned, with a square on it that is dragged, resized, or moved with keys.
const LEAST = 0.05; // of the shorter side

export function createCrop($, changed) {
  const canvas = $("canvas.yours"), box = $(".crop"), fields = ["left", "top", "side"].map((name) => $(`.crop-${name}`));
  let picture = null, turns = 0, crop = null; // {left, top, side} in pixels of the turned picture; null: the middle

  const size = () => (turns % 2 ? [picture.height, picture.width] : [picture.width, picture.height]);

  function middle() {
    const [width, height] = size(), side = Math.min(width, height);
    return { left: (width - side) / 2, top: (height - side) / 2, side };
  }

  function keep({ left, top, side }) { // within the picture
    const [width, height] = size(), most = Math.min(width, height);
    side = Math.min(most, Math.max(LEAST * most, side || most));
    return { left: Math.min(width - side, Math.max(0, left || 0)), top: Math.min(height - side, Math.max(0, top || 0)), side };
  }

  function place() {
    const [width, height] = size(), { left, top, side } = crop ?? middle();
    Object.assign(box.style, {
      left: `${(100 * left) / width}%`, top: `${(100 * top) / height}%`, width: `${(100 * side) / width}%`, height: `${(100 * side) / height}%`,
    });
    [left, top, side].forEach((value, i) => { if (document.activeElement !== fields[i]) fields[i].value = Math.round(value); });
    fields[2].max = Math.min(width, height);
  }

  function draw() {
    const [width, height] = size(), scale = Math.min(1, 640 / Math.max(width, height)), context = canvas.getContext("2d");
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    canvas.classList.toggle("tiny", Math.max(width, height) < 100);
    context.translate(canvas.width / 2, canvas.height / 2);
    context.rotate((turns * Math.PI) / 2);
    context.scale(scale, scale);
    context.drawImage(picture, -picture.width / 2, -picture.height / 2);
    place();
  }

  function put(next) {
    crop = keep(next);
    place();
    changed();
  }

  let drag = null;
  box.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const board = canvas.getBoundingClientRect(), [width] = size();
    drag = { x: event.clientX, y: event.clientY, from: crop ?? middle(), scale: width / board.width, resizes: event.target !== box };
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const dx = (event.clientX - drag.x) * drag.scale, dy = (event.clientY - drag.y) * drag.scale, { left, top, side } = drag.from;
    if (!drag.resizes) return put({ left: left + dx, top: top + dy, side });
    const [width, height] = size();
    put({ left, top, side: Math.min(side + Math.max(dx, dy), width - left, height - top) });
  });
  for (const name of ["pointerup", "pointercancel"]) box.addEventListener(name, () => { drag = null; });
  box.addEventListener("keydown", (event) => {
    const at = crop ?? middle(), step = Math.min(...size()) * (event.shiftKey ? 0.1 : 0.02);
    const by = { ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0], "+": [-0.5, -0.5, 1], "=": [-0.5, -0.5, 1], "-": [0.5, 0.5, -1] }[event.key];
    if (event.key === "Home") { event.preventDefault(); reset(); changed(); }
    if (!by) return;
    event.preventDefault();
    put({ left: at.left + by[0] * step, top: at.top + by[1] * step, side: at.side + by[2] * step });
  });
  fields.forEach((field) => field.addEventListener("change", () => {
    if (!picture) return;
    const [left, top, side] = fields.map((one) => +one.value);
    put({ left, top, side });
    fields.forEach((one, i) => { one.value = Math.round([crop.left, crop.top, crop.side][i]); });
  }));

  function reset() { crop = null; if (picture) place(); }

  return {
    // A loaded image or a canvas; null where the browser cannot show what was given.
    show: (next) => {
      picture = next && next.width && next.height ? next : null;
      [turns, crop] = [0, null];
      for (const part of [".numbers", ".turn", ".whole"]) $(part).hidden = !picture;
      if (picture) draw();
    },
    has: () => picture !== null,
    turn: () => { turns = (turns + 1) % 4; crop = null; if (picture) draw(); },
    reset,
    // As the server wants it.
    fit: () => {
      if (!crop) return { turns, crop: null };
      const [width, height] = size();
      return { turns, crop: [crop.left / width, crop.top / height, crop.side / Math.min(width, height)].map((v) => Math.min(1, +v.toFixed(6))) };
    },
  };
}
