// The training images nearest to the explored picture, once it stands still: a copy would be seen.
const page = window.aegan, $ = (selector) => root.querySelector(selector);
const root = element.querySelector(".aegan"), known = new Set(JSON.parse(root.dataset.models));
const SHOWN = 6;
let wish = null; // the newest point, until it is asked for
let shown = null, near = false;

const tiles = Array.from({ length: SHOWN }, () => {
  const item = document.createElement("li"), picture = document.createElement("img"), caption = document.createElement("p");
  picture.className = "picture";
  picture.alt = "";
  item.append(picture, caption);
  return { item, picture, caption };
});
$(".tiles").append(...tiles.map((tile) => tile.item));

function named({ name }) { // in the visitor's language, where it is known
  const key = `${shown.attribute}.${name}`, text = page.t(key);
  return text === key ? name : text;
}

function draw() { // what is said is said in the language of the page, so this runs when that changes, too
  root.hidden = !known.has(page.model) && !page.card()?.atlas;
  root.classList.toggle("waiting", !shown);
  $(".judgement").hidden = shown !== null && shown.rank === null;
  if (!shown) { // six empty places, so that nothing jumps
    for (const text of root.querySelectorAll(".verdict, .compared, li p")) text.textContent = "\u00a0";
    for (const picture of root.querySelectorAll("img")) picture.removeAttribute("src");
    $(".track").removeAttribute("aria-valuetext");
    return;
  }
  $(".own img").src = shown.picture;
  $(".own img").alt = page.t("picture");
  tiles.forEach(({ item, picture, caption }, i) => {
    const tile = shown.tiles[i];
    item.hidden = !tile;
    if (!tile) return;
    const times = tile.times === null ? "" : `${tile.times.toFixed(2)} ×`;
    picture.src = tile.picture;
    picture.alt = page.t("training_image", { rank: i + 1 });
    caption.replaceChildren(named(tile), document.createElement("i"));
    caption.lastChild.textContent = times;
    caption.title = times && page.t("times_help");
  });
  const { count, total, extractor } = shown, number = (value) => value.toLocaleString("en");
  $(".compared").textContent = page.t(total > count ? "compared_part" : "compared", {
    count: number(count), total: number(total), how: page.t(extractor === "pixels" ? "in_pixels" : "in_features", { extractor }),
  });
  if (shown.rank === null) return;
  const [at, low, high] = shown.gauge, rank = Math.round(shown.rank);
  const track = $(".track"), verdict = page.t(at < low ? "very_near" : at > high ? "very_far" : "as_usual", { rank });
  for (const [name, value] of Object.entries({ at, low, high })) track.style.setProperty(`--${name}`, value);
  track.setAttribute("aria-valuenow", Math.round(100 * at));
  track.setAttribute("aria-valuetext", verdict);
  $(".verdict").textContent = verdict;
  root.classList.toggle("alarm", at < low);
}

const ask = page.newest((request) => server.on_nearest(request), (given) => {
  if (given.model !== page.model) return; // another model was chosen meanwhile
  shown = given;
  $(".message").textContent = "";
  draw();
}, (sentence) => { $(".message").textContent = page.say(sentence); });

function update() { // only while it can be seen: most visitors who move sliders do not look here
  if (!near || wish?.model !== page.model) return;
  ask(wish);
  wish = null;
}

page.on("settled", ({ model, noise }) => { wish = { model, noise }; update(); });
page.on("model", () => { shown = null; $(".message").textContent = ""; draw(); update(); });
page.on("models", draw); // the visitor's own has an index by now
new IntersectionObserver(([entry]) => { near = entry.isIntersecting; update(); }, { rootMargin: "100px" }).observe(root);
page.mount(element, draw);
