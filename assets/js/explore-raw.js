// The codes themselves as sliders, for who wants to see why they are no good coordinates: the server, which has the map
// between noise and codes, says where a code lies.
import { createRow } from "./sliders.js";
import { LIMIT } from "./space.js";

const page = window.aegan;

// `desk` says where the page stands (here: { kit, point }), and is told what happens: begin(view) of a gesture,
// arrive(noise) at a point, say(sentence); isMoving() while a gesture goes on.
export function createRaw(box, server, desk) {
  const list = box.querySelector(".axes");
  let views = [];

  const ask = page.newest((wish) => server.on_raw(wish), (given) => {
    if (given.model !== desk.here().kit.model) return;
    views.forEach((view, i) => { if (document.activeElement !== view.input || !desk.isMoving()) view.put(given.z[i]); });
    desk.arrive(given.noise);
  }, desk.say);

  function read() {
    const { kit, point } = desk.here();
    if (views.length && box.open) ask({ model: kit.model, noise: point });
  }

  function move(view, value) {
    desk.begin(view);
    view.put(value);
    ask({ model: desk.here().kit.model, z: views.map((raw) => +raw.input.value) });
  }

  function open() {
    if (!box.open) return;
    const { kit } = desk.here(), limit = kit.bends ? 4 : LIMIT, handlers = { onMove: move, onHome() {}, onEnd() {}, onLock() {} };
    if (!views.length) {
      views = [...Array(kit.z_dim).keys()].map((i) => createRow(
        { key: `raw-${i + 1}`, unit: "", limit, lockable: false, label: () => `z${i + 1}`, ends: () => null, help: () => page.t("raw_help") },
        handlers,
      ));
      list.replaceChildren(...views.map((view) => view.row));
      translate();
    }
    read();
  }

  function close() { // another model has other codes
    views = [];
    box.open = false;
    list.replaceChildren();
  }

  function translate() { for (const view of views) view.translate(); }

  box.addEventListener("toggle", open);
  return { read, close, translate };
}
