// A sheet of pictures: a click goes to one, a small button keeps it. And how the keyboard moves about in a list.
import * as decoder from "./decoder.js";

const page = window.aegan, CHUNK = 4; // small enough for a drag to come between
export const PLUS = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M8 3v10M3 8h10"/></svg>';

// Of all items of a list only one can be reached by Tab, with all that is in it; arrow keys go from item to item.
// `main` selects what is focused in an item; `onKey(item, key)` may use other keys, and returns whether it did.
export function rove(list, main, onKey = () => false) {
  const items = () => [...list.children].filter((item) => item.querySelector(main));
  const controls = (item) => item.querySelectorAll("button, input");
  const choose = (chosen) => { for (const item of items()) for (const node of controls(item)) node.tabIndex = item === chosen ? 0 : -1; };
  list.addEventListener("focusin", (event) => choose(event.target.closest("li")));
  list.addEventListener("keydown", (event) => {
    if (!event.target.matches(main) || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = items(), item = event.target.closest("li"), at = all.indexOf(item);
    const row = all.filter((other) => other.offsetTop === item.offsetTop).length; // as many as stand side by side
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + row, ArrowUp: at - row, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) { if (onKey(item, event.key)) event.preventDefault(); return; }
    event.preventDefault();
    all[to]?.querySelector(main).focus();
  });
  return { refresh: () => { const all = items(); choose(all.find((item) => item.contains(document.activeElement)) ?? all[0]); } };
}

// Pictures of a model at many points, a few at a time, as long as `goOn()`; `onPicture(i, picture)`.
export async function drawAll(kit, points, onPicture, goOn = () => true) {
  for (let i = 0; i < points.length && goOn();) {
    const part = points.slice(i, i + (decoder.isReady(kit.model) ? CHUNK : 32)), given = await page.pictures(kit, part);
    if (given.error) return given;
    given.pictures.forEach((picture, k) => onPicture(i + k, picture));
    i += part.length;
  }
  return {};
}

// `desk` is what shelf.js offers its parts.
export function createSheet(list, count, desk) {
  let shown = null; // {kit, points, labels}
  const tiles = Array.from({ length: count }, (_, i) => {
    const item = document.createElement("li");
    item.innerHTML = `<button type="button" class="go"><canvas width="1" height="1" aria-hidden="true"></canvas></button><button type="button" class="corner keep">${PLUS}</button>`;
    item.querySelector(".go").addEventListener("click", () => shown && desk.go(shown.kit, shown.points[i]));
    item.querySelector(".keep").addEventListener("click", () => shown && desk.keep(shown.kit, shown.points[i]));
    return item;
  });
  list.replaceChildren(...tiles);
  list.inert = true; // there is nothing yet to go to
  rove(list, ".go").refresh();

  let failed = false; // only its own complaint is taken back: the shelf says other things in the same place
  const ask = page.newest(
    (wish) => drawAll(wish.kit, wish.points, (i, picture) => page.draw(tiles[i].querySelector("canvas"), picture)),
    () => { if (failed) desk.say(""); failed = false; },
    (sentence) => { desk.say(sentence); failed = true; },
  );
  return {
    put(kit, points, labels) {
      shown = { kit, points };
      list.inert = false;
      tiles.forEach((item, i) => {
        const [go, keep] = item.children;
        go.title = labels[i];
        go.setAttribute("aria-label", labels[i]);
        keep.title = page.t("keep_this");
        keep.setAttribute("aria-label", `${page.t("keep")}: ${labels[i]}`);
      });
      ask(shown);
    },
  };
}
