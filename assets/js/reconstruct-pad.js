// A pad to draw on, with a pointer or with keys: for sketches, and for painting over what is to be filled in. Strokes
// stay in this browser; their number and length are bounded.
const MOST_POINTS = 1000, MOST_STROKES = 300, NEAR = 0.004, STEP = 1 / 28;

// `ink` is a function of the stroke's own colour; `changed` is called when what is drawn has changed.
export function createPad(canvas, { ink, thickness, changed }) {
  const context = canvas.getContext("2d"), side = canvas.width;
  let strokes = [], stroke = null, cursor = { x: 0.5, y: 0.5, down: false, shown: false };
  let erasing = false, colour = null, told = 0;

  function tell() { // once per frame, however many points came
    told ||= requestAnimationFrame(() => { told = 0; changed(); });
  }

  function trace({ points, width, erase, colour: own }) {
    context.globalCompositeOperation = erase ? "destination-out" : "source-over";
    context.strokeStyle = context.fillStyle = erase ? "#000" : ink(own);
    context.lineWidth = width * side;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(points[0][0] * side, points[0][1] * side);
    for (const [x, y] of points) context.lineTo(x * side, y * side); // of one point, a dot
    context.stroke();
    context.globalCompositeOperation = "source-over";
  }

  function draw() {
    context.clearRect(0, 0, side, side);
    for (const one of strokes) trace(one);
    if (!cursor.shown) return;
    context.lineWidth = 2;
    context.strokeStyle = cursor.down ? "#e69f00" : "#808080";
    context.beginPath();
    context.arc(cursor.x * side, cursor.y * side, Math.max(5, (thickness() * side) / 2), 0, 7);
    context.stroke();
  }

  function begin(x, y) {
    if (strokes.length >= MOST_STROKES) return;
    stroke = { points: [[x, y]], width: thickness(), erase: erasing, colour };
    strokes.push(stroke);
    draw();
    tell();
  }

  function extend(x, y) {
    if (!stroke) return;
    const [px, py] = stroke.points.at(-1);
    if (Math.hypot(x - px, y - py) < NEAR) return;
    if (stroke.points.length >= MOST_POINTS) { begin(px, py); if (stroke.points.length >= MOST_POINTS) return; }
    stroke.points.push([x, y]);
    trace({ ...stroke, points: [[px, py], [x, y]] });
    tell();
  }

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map((v) => Math.min(1, Math.max(0, v)));
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    cursor.shown = cursor.down = false;
    begin(...place(event));
  });
  canvas.addEventListener("pointermove", (event) => { if (canvas.hasPointerCapture(event.pointerId)) extend(...place(event)); });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { stroke = null; });
  canvas.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by && event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    cursor.shown = true;
    if (by) {
      cursor.x = Math.min(1, Math.max(0, cursor.x + by[0] * STEP));
      cursor.y = Math.min(1, Math.max(0, cursor.y + by[1] * STEP));
      if (cursor.down) extend(cursor.x, cursor.y);
    } else {
      cursor.down = !cursor.down;
      if (cursor.down) begin(cursor.x, cursor.y); else stroke = null;
    }
    draw();
  });
  canvas.addEventListener("blur", () => { cursor.shown = cursor.down = false; stroke = null; draw(); });

  // What is drawn, without the cursor, on a canvas of that size over that paper (none: transparent).
  function render(size, paper) {
    const shown = cursor.shown;
    cursor.shown = false;
    draw();
    const small = Object.assign(document.createElement("canvas"), { width: size, height: size }), onto = small.getContext("2d");
    if (paper) { onto.fillStyle = paper; onto.fillRect(0, 0, size, size); }
    onto.imageSmoothingQuality = "high";
    onto.drawImage(canvas, 0, 0, size, size);
    cursor.shown = shown;
    draw();
    return small;
  }

  return {
    draw, render,
    isEmpty: () => !strokes.length,
    erase: (on) => { erasing = on; },
    paint: (name) => { colour = name; },
    undo: () => { if (!strokes.length) return; strokes.pop(); stroke = null; draw(); tell(); },
    clear: () => { if (!strokes.length) return; strokes = []; stroke = null; draw(); tell(); },
    forget: () => { strokes = []; stroke = null; draw(); },
  };
}
