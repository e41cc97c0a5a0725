// The cloud: where training images lie on the map, one mark each, whose hue and shape tell its class.
import { LIMIT, dot } from "./space.js";

const HUES = 8, SHAPES = 5; // 40 pairs, as 8 and 5 share no divisor
const RADIUS = 3.4, REACH = 14; // pixels of a mark, on a plane of 500; how far from one the pointer still means it

// What the server told of a model's training images, as {points: [[ε]], labels, classes, attribute}.
export function readCloud({ count, z_dim, codes, unit, labels, names, attribute }) {
  const numbers = new Int16Array(Uint8Array.from(atob(codes), (c) => c.charCodeAt(0)).buffer);
  const points = Array.from({ length: count }, (_, i) => Array.from(numbers.subarray(i * z_dim, (i + 1) * z_dim), (v) => v * unit));
  return { points, labels, classes: labels.length === count ? names : [], attribute };
}

export const isColoured = ({ classes }) => classes.length > 0 && classes.length <= HUES * SHAPES;

// Their places on the plane of two directions, each {x, y, label}, in σ.
export const project = (cloud, across, up) => cloud.points.map((point, i) => ({ x: dot(point, across), y: dot(point, up), label: cloud.labels[i] ?? -1 }));

export const isWithin = ({ x, y }) => Math.abs(x) <= LIMIT && Math.abs(y) <= LIMIT;

// How many there are of each class.
export function countClasses(cloud) {
  const counts = cloud.classes.map(() => 0);
  for (const label of cloud.labels) counts[label] += 1;
  return counts;
}

const SHAPE = [
  (path, r) => path.arc(0, 0, r, 0, 7),
  (path, r) => { path.moveTo(0, -1.3 * r); path.lineTo(1.2 * r, 0.9 * r); path.lineTo(-1.2 * r, 0.9 * r); },
  (path, r) => path.rect(-0.9 * r, -0.9 * r, 1.8 * r, 1.8 * r),
  (path, r) => { path.rect(-1.3 * r, -0.45 * r, 2.6 * r, 0.9 * r); path.rect(-0.45 * r, -1.3 * r, 0.9 * r, 2.6 * r); },
  (path, r) => { path.moveTo(0, -1.45 * r); path.lineTo(1.05 * r, 0); path.lineTo(0, 1.45 * r); path.lineTo(-1.05 * r, 0); },
];

function mark(label, radius) {
  const path = new Path2D();
  SHAPE[Math.max(0, label) % SHAPES](path, radius);
  path.closePath();
  return path;
}

const hue = (style, label, withHues) => style.getPropertyValue(withHues ? `--class-${label % HUES}` : "--quiet");

// Draws marks, the `lit` class before the others; `side` in pixels of the page.
export function drawCloud(canvas, marks, withHues, side, lit = null) {
  const ratio = window.devicePixelRatio || 1, context = canvas.getContext("2d"), style = getComputedStyle(canvas);
  canvas.width = canvas.height = Math.round(side * ratio);
  const scale = canvas.width / (2 * LIMIT), at = (v) => canvas.width / 2 + v * scale;
  context.strokeStyle = style.getPropertyValue("--hairline");
  context.lineWidth = ratio;
  for (let v = 1 - LIMIT; v < LIMIT; v++) {
    context.globalAlpha = v ? 0.5 : 1;
    context.beginPath();
    context.moveTo(at(v), 0); context.lineTo(at(v), canvas.height);
    context.moveTo(0, at(v)); context.lineTo(canvas.width, at(v));
    context.stroke();
  }
  const paths = [0, 1].map((big) => Array.from({ length: SHAPES }, (_, shape) => mark(shape, RADIUS * Math.max(0.7, side / 500) * ratio * (big ? 1.3 : 1))));
  const order = lit === null ? marks : [...marks.filter((m) => m.label !== lit), ...marks.filter((m) => m.label === lit)];
  for (const { x, y, label } of order) {
    context.setTransform(1, 0, 0, 1, at(x), at(-y));
    context.globalAlpha = lit === null ? 0.85 : label === lit ? 1 : 0.13;
    context.fillStyle = hue(style, label, withHues);
    context.fill(paths[label === lit ? 1 : 0][withHues ? label % SHAPES : 0]);
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = 1;
}

// A class's mark, for the legend.
export function drawMark(canvas, label) {
  const ratio = window.devicePixelRatio || 1, context = canvas.getContext("2d");
  canvas.width = canvas.height = Math.round(16 * ratio);
  context.translate(canvas.width / 2, canvas.height / 2);
  context.fillStyle = hue(getComputedStyle(canvas), label, true);
  context.fill(mark(label, 4.4 * ratio));
}

// The mark under the pointer, at (x, y) in σ; null if none is near.
export function findMark(marks, x, y, side) {
  let found = null, least = (REACH * 2 * LIMIT) / side;
  for (const m of marks) {
    const distance = Math.hypot(m.x - x, m.y - y);
    if (distance < least) { least = distance; found = m; }
  }
  return found;
}
