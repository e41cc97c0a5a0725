// The geometry of moving in a latent space: points are arrays of numbers ε, three decimals each, so that a link, a file
// and the server all mean the very same point.

export const LIMIT = 3; // a slider's ends, in σ
const FARTHEST = 10; // no point lies farther out along any coordinate

export const round = (point) => point.map((v) => Math.round(1000 * Math.min(FARTHEST, Math.max(-FARTHEST, v))) / 1000 || 0);
export const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
export const add = (a, b, scale = 1) => a.map((v, i) => v + scale * b[i]);
const length = (a) => Math.sqrt(dot(a, a));

// A seed's own point: the same as aegan.latent.seed_noise.
export function seedNoise(seed, n) {
  let state = seed >>> 0;
  const uniform = () => { // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  const values = [];
  while (values.length < n) { // Box and Muller
    const radius = Math.sqrt(-2 * Math.log(uniform())), angle = 2 * Math.PI * uniform();
    values.push(radius * Math.cos(angle), radius * Math.sin(angle));
  }
  return round(values.slice(0, n));
}

// An orthonormal basis of what the vectors span.
export function basis(vectors) {
  const found = [];
  for (const vector of vectors) {
    let rest = vector;
    for (let pass = 0; pass < 2; pass++) for (const b of found) rest = add(rest, b, -dot(rest, b));
    if (length(rest) > 1e-3) found.push(rest.map((v) => v / length(rest)));
  }
  return found;
}

const without = (vector, locked) => locked.reduce((rest, b) => add(rest, b, -dot(rest, b)), vector);

// How a slider can move while others are locked: the step [z_dim] that changes its own value by 1 and theirs not at
// all; null where nothing of it is left.
export function stepOf(vector, lockedVectors) {
  const free = without(vector, basis(lockedVectors)), share = dot(free, vector);
  return share < 0.05 ? null : free.map((v) => v / share);
}

// A new point that keeps its values along the locked vectors.
export function keepLocked(fresh, point, lockedVectors) {
  const locked = basis(lockedVectors);
  return locked.reduce((sum, b) => add(sum, b, dot(point, b)), without(fresh, locked));
}

// The share of draws from N(0, I) that lie nearer to the middle, in percent: the regularised incomplete gamma function
// P(n / 2, |ε|² / 2) by its series (DLMF 8.11.4).
export function unusualness(point) {
  const a = point.length / 2, x = dot(point, point) / 2;
  if (x === 0) return 0;
  if (x > a + 12 * Math.sqrt(a) + 60) return 100;
  let term = 1 / a, sum = term;
  for (let n = 1; n < 2000 && term > sum * 1e-12; n++) { term *= x / (a + n); sum += term; }
  return 100 * Math.min(1, sum * Math.exp(-x + a * Math.log(x) - logGamma(a)));
}

function logGamma(x) { // Lanczos's approximation (1964), g = 7, n = 9
  const c = [0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7];
  const t = x + 6.5, sum = c.reduce((s, v, i) => s + (i ? v / (x - 1 + i) : v), 0);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

// From one point to another on an arc, norms going evenly from one's to the other's: as aegan.latent.interpolate.
export function interpolate(start, end, share) {
  const a = length(start), b = length(end);
  const angle = Math.acos(Math.min(1, Math.max(-1, dot(start, end) / (a * b || 1))));
  if (a < 1e-6 || b < 1e-6 || angle < 1e-3 || angle > Math.PI - 1e-3) return add(start.map((v) => v * (1 - share)), end, share);
  const along = add(start.map((v) => (Math.sin((1 - share) * angle) * v) / a), end, Math.sin(share * angle) / b);
  return along.map((v) => (v * (a + share * (b - a))) / Math.sin(angle));
}

// Points as text for a link: thousandths as 16-bit numbers, base64 that a URL may hold.
export function pack(point) {
  const bytes = new Uint8Array(Int16Array.from(point, (v) => Math.round(1000 * v)).buffer);
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

// The point in a text, which anyone may have written; null unless it has n numbers.
export function unpack(text, n) {
  if (typeof text !== "string" || text.length > 8 * n + 16 || !/^[\w-]*$/.test(text)) return null;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    if (bytes.length !== 2 * n) return null;
    return round([...new Int16Array(bytes.buffer)].map((v) => v / 1000));
  } catch { return null; }
}
