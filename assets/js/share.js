// Links to this very state, and lessons: links that hide parts of the page and carry a sentence to read first.
const page = window.aegan;
const PARTS = { meaning: "meaning", axes: "axes", raw: "raw", map: "map", shelf: "shelf", nearest: "nearest", tabs: "other_tabs" }; // name in a link -> text
const MOST_WORDS = 300;

// A lesson's link was opened: what it hides is hidden by the style sheet, what it says stands above the picture.
export function openLesson(root) {
  const asked = new URLSearchParams(location.search);
  const hidden = (asked.get("hide") ?? "").split(",").filter((name) => name in PARTS);
  if (hidden.length) document.documentElement.dataset.hide = hidden.join(" ");
  const words = (asked.get("say") ?? "").slice(0, MOST_WORDS), lesson = root.querySelector(".lesson");
  lesson.textContent = words; // anyone may have written it
  lesson.hidden = !words;
}

// The panel that makes such links; `remember` puts the newest state into the address.
export function createShare(root, remember) {
  const $ = (selector) => root.querySelector(selector), button = $("button.link"), panel = $(".share");
  const boxes = Object.entries(PARTS).map(([name, key]) => {
    const label = document.createElement("label"), box = document.createElement("input"), text = document.createElement("span");
    Object.assign(box, { type: "checkbox", value: name, checked: true });
    text.dataset.t = key;
    label.className = "inline switch";
    label.append(box, text);
    $(".share .parts").append(label);
    box.addEventListener("change", show);
    return box;
  });

  function show() {
    remember();
    const link = new URL(location), hidden = boxes.filter((box) => !box.checked).map((box) => box.value), words = $(".share .say").value.trim();
    for (const [key, value] of [["hide", hidden.join(",")], ["say", words]]) if (value) link.searchParams.set(key, value); else link.searchParams.delete(key);
    $(".share .address").value = link.href;
    $(".share .copy-link").dataset.t = "copy_link";
    page.translate(panel);
  }

  function open(wanted) {
    panel.hidden = !wanted;
    button.setAttribute("aria-expanded", wanted);
    if (wanted) { show(); $(".share .address").select(); }
  }

  button.addEventListener("click", () => open(panel.hidden));
  panel.addEventListener("keydown", (event) => { if (event.key === "Escape") { open(false); button.focus(); } });
  $(".share .say").addEventListener("input", show);
  $(".share .copy-link").addEventListener("click", async () => {
    const done = await navigator.clipboard?.writeText($(".share .address").value).then(() => true, () => false);
    if (!done) $(".share .address").select(); // then the visitor can copy it
    $(".share .copy-link").dataset.t = done ? "link_copied" : "link_marked";
    page.translate(panel);
  });
  page.on("settled", () => { if (!panel.hidden) show(); });
}
