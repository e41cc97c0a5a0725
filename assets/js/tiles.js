// The map's small pictures: a square of them on one canvas, of whatever lies at the places of a plane.
import { isReady } from "./decoder.js";
import { LIMIT } from "./space.js";

const page = window.aegan;
const BATCH = { page: 4, server: 27 }; // pictures drawn at once: small enough for a drag to come between
const NEAR = 0.02; // planes that differ less are the same
const PHONE = 420; // pixels of room
const POINT_SIZE = 56; // pixels of a tile that shows a 2-D point

const isSame = (a, b) => a.kit === b.kit && a.count === b.count && a.corners.every((corner, i) => corner.every((v, j) => Math.abs(v - b.corners[i][j]) < NEAR));

// So many pictures in a row that each of their pixels is whole on the screen; where that would leave too much room
// unused, the usual number, blended.
function fitGrid(kit, room) {
  const size = kit.points ? POINT_SIZE : kit.shape[1], ratio = window.devicePixelRatio || 1, usual = room < PHONE ? [7, 6] : [9, 8, 7];
  for (const count of usual) {
    const side = (Math.floor((room * ratio) / (count * size)) * count * size) / ratio;
    if (side >= 0.9 * room) return { count, size, side, isWhole: true };
  }
  return { count: usual[0], size, side: room, isWhole: false };
}

export function createTiles(canvas, scratch) {
  const context = canvas.getContext("2d");
  let grid = null, drawn = null; // the plane whose pictures are there, but for those missing

  function put(picture, { column, row }) {
    const { size } = grid;
    if (picture.points) page.scatter(scratch, [["generated", picture.points]], 26); else page.draw(scratch, picture);
    context.clearRect(column * size, row * size, size, size);
    context.drawImage(scratch, column * size, row * size, size, size);
  }

  function fog() { // what is there is not what will be
    context.globalAlpha = 0.65;
    context.fillStyle = getComputedStyle(canvas).getPropertyValue("--stage");
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.globalAlpha = 1;
  }

  function listTiles(count) {
    const centre = (i) => LIMIT * ((2 * i + 1) / count - 1);
    return Array.from({ length: count * count }, (_, i) => ({ column: i % count, row: Math.floor(i / count), x: centre(i % count), y: -centre(Math.floor(i / count)) }));
  }

  return {
    fit(kit, room) { // makes ready for so many pixels; returns how many of them are used
      grid = fitGrid(kit, room);
      canvas.classList.toggle("whole", grid.isWhole);
      const pixels = grid.count * grid.size;
      if (canvas.width !== pixels) { canvas.width = canvas.height = pixels; drawn = null; }
      return grid.side;
    },

    forget() { drawn = null; },

    // Draws what is missing of a plane (of map.js), what lies nearest to (x, y) first, while that is wanted. Throws a
    // sentence of the server's, or what happens when it is away.
    async draw(kit, plane, [x, y], isWanted) {
      const fresh = { kit, count: grid.count, ...plane };
      if (!drawn || !isSame(drawn, fresh)) {
        fog();
        drawn = { ...fresh, missing: listTiles(grid.count) };
      }
      const mine = drawn, far = (tile) => Math.hypot(tile.x - x, tile.y - y);
      mine.missing.sort((a, b) => far(a) - far(b));
      while (mine.missing.length) {
        const part = mine.missing.slice(0, isReady(kit.model) ? BATCH.page : BATCH.server);
        const given = await page.pictures(kit, part.map((tile) => mine.at(tile.x, tile.y)));
        if (mine !== drawn || !isWanted()) return;
        if (given.error) throw given.error;
        part.forEach((tile, i) => put(given.pictures[i], tile));
        mine.missing.splice(0, part.length);
      }
    },

    get isBusy() { return !drawn || drawn.missing.length > 0; },
  };
}
