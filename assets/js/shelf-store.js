// The shelf as it is kept: in the browser between visits, and as a JSON file. What comes from either may have been
// written by anyone, so it is checked field by field; thumbnails come from this browser only.
import { unpack } from "./space.js";

export const MOST = 60, MOST_BYTES = 2 ** 20, MOST_LETTERS = 40;
const KEY = "shelf", FORMAT = "aegan-shelf", MOST_THUMBNAIL = 40000;
const page = window.aegan;

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isPoint = (text) => typeof text === "string" && text.length > 0 && text.length <= 8192 && /^[\w-]+$/.test(text);
const isModel = (text) => typeof text === "string" && text.length > 0 && text.length <= 200;
const isThumbnail = (text) => typeof text === "string" && text.length <= MOST_THUMBNAIL && /^data:image\/png;base64,[\w+/]+=*$/.test(text);

export const tidy = (name) => name.replace(/\p{C}/gu, "").trim().slice(0, MOST_LETTERS);

// {id, model, at: packed point, name, time, thumbnail or null}, or null if it is none.
function entry(given, id) {
  if (!isObject(given) || !isModel(given.model) || !isPoint(given.at) || typeof given.name !== "string" || [...given.name].length > MOST_LETTERS) return null;
  const time = Number.isSafeInteger(given.time) && given.time > 0 ? given.time : 0;
  return { id, model: given.model, at: given.at, name: tidy(given.name), time, thumbnail: isThumbnail(given.thumbnail) ? given.thumbnail : null };
}

export function load() {
  try {
    const given = JSON.parse(page.store.get(KEY) ?? "[]");
    return Array.isArray(given) ? given.slice(0, MOST).map((one, i) => entry(one, i + 1)).filter(Boolean) : [];
  } catch { return []; }
}

// Whether the browser took it: a private window, or one whose store is full, does not.
export function save(entries) {
  const text = JSON.stringify(entries.map(({ id, ...kept }) => kept));
  page.store.set(KEY, text);
  return page.store.get(KEY) === text;
}

// Tells when another window of this browser changed the shelf.
export const onChange = (listener) => window.addEventListener("storage", (event) => event.key === `aegan.${KEY}` && listener());

export const toFile = (entries) =>
  new Blob([JSON.stringify({ format: FORMAT, version: 1, points: entries.map(({ model, at, name, time }) => ({ model: page.titled(model), at, name, time })) }, null, 1)], { type: "application/json" });

// What a file holds: {entries, strange: how many points of models that are not here}; throws a sentence.
export async function read(file) {
  if (file.size > MOST_BYTES) throw new Error(page.t("shelf_large"));
  let given;
  try { given = JSON.parse(await file.text()); } catch { throw new Error(page.t("shelf_bad")); }
  if (!isObject(given) || given.format !== FORMAT || !Array.isArray(given.points)) throw new Error(page.t("shelf_bad"));
  if (given.points.length > MOST) throw new Error(page.t("shelf_many", { most: MOST }));
  const found = given.points.map((one) => entry(isObject(one) ? { ...one, thumbnail: null } : one, 0));
  if (found.includes(null)) throw new Error(page.t("shelf_bad"));
  for (const one of found) if (one.model === page.own()?.title) one.model = page.own().name;
  const known = new Set(page.facts.models.map((model) => model.name)), entries = found.filter((one) => known.has(one.model));
  for (const one of entries) if (!unpack(one.at, (await page.kit(one.model)).z_dim)) throw new Error(page.t("shelf_bad"));
  return { entries, strange: found.length - entries.length };
}
