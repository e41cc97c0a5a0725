// Points made of points: along a path, around one, between two.
import { add, dot, interpolate, keepLocked, round, stepOf } from "./space.js";

// The points of a path through `points`: `each` frames from one to the next, and the last point itself unless the path
// returns to the first. The same as aegan.film.walk.
export function walk(points, { spherical, loop, each }) {
  const between = spherical ? interpolate : (a, b, share) => add(a, b.map((v, i) => v - a[i]), share);
  const frames = points.slice(0, loop ? undefined : -1).flatMap((point, i) => {
    const next = points[(i + 1) % points.length];
    return Array.from({ length: each }, (_, k) => round(between(point, next, k / each)));
  });
  return loop ? frames : [...frames, round(points.at(-1))];
}

// A point around another one. The step is a turn towards `random`, a draw from N(0, I), so that the result is as usual
// as the point is; `strength` is the root mean square by which its numbers change, in σ, for a point of typical length:
// from √2 on nothing is left of it. Locked sliders keep their values.
export function vary(point, random, strength, lockedVectors = []) {
  const angle = 2 * Math.asin(Math.min(2, strength) / 2);
  return round(keepLocked(add(point.map((v) => v * Math.cos(angle)), random, Math.sin(angle)), point, lockedVectors));
}

// A child of two: at `share` of the arc from a to b, but along each of the `traits` (vectors) exactly where one of its
// parents is; `ofB[i]` says which.
export function cross(a, b, share, traits, ofB) {
  let child = interpolate(a, b, share);
  traits.forEach((trait, i) => {
    const step = stepOf(trait, traits.slice(0, i)); // leaves the traits before it where they are
    if (step) child = add(child, step, dot(ofB[i] ? b : a, trait) - dot(child, trait));
  });
  return round(child);
}
