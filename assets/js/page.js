// What all components of the page share: texts, language, theme, the chosen model, drawing on a canvas.
(() => {
  if (window.aegan) return;
  const { texts, errors, ...facts } = window.aeganData;
  const store = {
    get: (key) => { try { return localStorage.getItem(`aegan.${key}`); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(`aegan.${key}`, value); } catch { /* a private window */ } },
  };
  const wanted = new URLSearchParams(location.search).get("lang") || store.get("language") || navigator.language || "en";
  const asked = new URLSearchParams(location.search).get("model"), known = facts.models.find((model) => model.name === asked);
  const page = { facts, store, language: wanted.toLowerCase().startsWith("zh") ? "zh" : "en", model: (known ?? facts.models[0])?.name };

  page.t = (key, values = {}) =>
    (texts[page.language][key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

  // What the server says in English when something is wrong, in the visitor's language. `errors` holds patterns of its
  // sentences; of those that fit, the one with most words of its own counts. What stands in a place may be of words, too.
  const patterns = Object.entries(errors).map(([english, chinese]) => {
    const words = english.split(/\{\w+\}/).map((text) => text.replace(/[.*+?^$()[\]\\|]/g, "\\$&"));
    return { chinese, places: english.match(/\{\w+\}/g) ?? [], length: words.join("").length, whole: new RegExp(`^${words.join("(.*?)")}$`, "s") };
  }).sort((a, b) => b.length - a.length);
  page.say = (sentence) => {
    if (page.language === "en" || !sentence) return sentence ?? "";
    for (const { whole, places, chinese } of patterns) {
      const found = sentence.trim().match(whole);
      if (found) return chinese.replace(/\{\w+\}/g, (place) => page.say(found[places.indexOf(place) + 1]));
    }
    return sentence;
  };

  // An element says by data-t which text it shows, by data-t-label and data-t-title which its attributes hold.
  page.translate = (root) => {
    for (const node of root.querySelectorAll("[data-t]")) node.textContent = page.t(node.dataset.t, node.dataset);
    for (const node of root.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", page.t(node.dataset.tLabel, node.dataset));
    for (const node of root.querySelectorAll("[data-t-placeholder]")) node.placeholder = page.t(node.dataset.tPlaceholder, node.dataset);
    for (const node of root.querySelectorAll("[data-t-title]")) node.title = page.t(node.dataset.tTitle, node.dataset);
  };

  page.on = (name, listener) => document.addEventListener(`aegan:${name}`, (event) => listener(event.detail));
  page.tell = (name, detail) => document.dispatchEvent(new CustomEvent(`aegan:${name}`, { detail }));

  page.setLanguage = (language) => {
    page.language = language;
    store.set("language", language);
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    page.tell("language");
  };
  document.documentElement.lang = page.language === "zh" ? "zh-CN" : "en";

  // What the chooser says of a model; how it is called on the page; and in links and files, where the name of the visitor's
  // own, by which the server knows it, must not stand.
  page.card = (name = page.model) => facts.models.find((model) => model.name === name);
  page.called = (name) => (page.card(name)?.own ? page.t("own_run") : name);
  page.titled = (name) => page.card(name)?.title ?? name;
  page.own = () => facts.models.find((model) => model.own);
  page.setOwn = (card) => { // the visitor's own model, instead of what was there of an earlier one
    const moves = page.card()?.own && page.model !== card.name;
    facts.models = [card, ...facts.models.filter((model) => !model.own)];
    page.tell("models");
    if (moves) page.setModel(card.name);
  };
  if (!known && /^run-[0-9a-f]{10}$/.test(asked ?? "")) page.awaited = asked; // a link to a visitor's own: this one's, perhaps

  // Changes for Gradio's own components, in the order of the table that Python made.
  page.relabel = (table) => {
    const changes = table.map((keys) =>
      Object.fromEntries([["__type__", "update"], ...Object.entries(keys).map(([name, key]) => [name, page.t(key)])]));
    return changes.length === 1 ? changes[0] : changes;
  };

  // The tab in use stands in the address, so that a reload or a link comes back to it; a link to a choice of the training
  // tab means that one. It is opened as soon as there are tabs, and until then none is shown, so that nothing jumps.
  const TABS = ["explore", "reconstruct", "compare", "train"], begun = new URLSearchParams(location.search);
  const tabs = () => [...document.querySelectorAll("#tabs [role=tab]")];
  page.openTab = (name) => tabs()[TABS.indexOf(name)]?.click();
  const first = TABS.includes(begun.get("tab")) ? begun.get("tab") : begun.has("train") ? "train" : "explore";
  const openFirst = () => {
    if (!tabs().length) return requestAnimationFrame(openFirst);
    page.openTab(first);
    requestAnimationFrame(() => { delete document.documentElement.dataset.opening; });
  };
  if (first !== "explore") { document.documentElement.dataset.opening = ""; openFirst(); }
  document.addEventListener("click", (event) => {
    const name = TABS[tabs().indexOf(event.target.closest?.("#tabs [role=tab]"))], link = new URL(location);
    if (!name) return;
    if (name === "explore" && !link.searchParams.has("train")) link.searchParams.delete("tab"); else link.searchParams.set("tab", name);
    history.replaceState(history.state, "", link);
  });

  // The address of a file that the page's server has for its scripts; `from` is a version.
  page.asset = (path, from = facts.version) => {
    const root = window.gradio_config?.root ?? location.origin + location.pathname;
    return new URL(`aegan/${from}/${path}`, root.endsWith("/") ? root : `${root}/`).href.replace(/\/$/, "");
  };

  page.setModel = (name) => { page.model = name; page.tell("model", name); };

  // What is chosen for the next run, as {option: value}.
  page.choose = (values) => { page.chosen = values; page.tell("chosen"); };

  page.setTheme = (theme) => {
    document.body.classList.toggle("dark", theme === "dark");
    document.documentElement.style.colorScheme = theme;
    page.tell("theme");
  };
  page.theme = () => (document.body.classList.contains("dark") ? "dark" : "light");

  // A component of ours starts here: translated now and whenever the language changes.
  page.mount = (element, render = () => {}) => {
    const root = element.querySelector(".aegan");
    const update = () => { page.translate(root); render(); };
    page.on("language", update);
    update();
    return root;
  };

  // Draws what figures.picture() made: pixels one to one (the style sheet enlarges them), or points as a scatter.
  page.draw = (canvas, picture) => {
    if (picture.points) return page.scatter(canvas, [["generated", picture.points]], 4);
    const { width, height, channels, data } = picture;
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const context = canvas.getContext("2d");
    if (data) return context.putImageData(new ImageData(data, width, height), 0, 0); // drawn in this browser
    const bytes = Uint8Array.from(atob(picture.pixels), (c) => c.charCodeAt(0));
    const image = context.createImageData(width, height);
    for (let i = 0, j = 0; j < bytes.length; i += 4, j += channels) {
      image.data[i] = bytes[j];
      image.data[i + 1] = bytes[j + (channels === 3 ? 1 : 0)];
      image.data[i + 2] = bytes[j + (channels === 3 ? 2 : 0)];
      image.data[i + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  };

  // Saves a file that was made in the page.
  page.download = (blob, name) => {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };
  page.bytes = (uri) => Uint8Array.from(atob(uri.split(",")[1]), (c) => c.charCodeAt(0));

  // The picture as a file with its note, once it stands still: behind the link to save it, and over the canvas, so that
  // "save image as" saves it too (a canvas would leave the note out). While it moves there is no file yet.
  page.offer = (root, { png, points }, name) => {
    const link = root.querySelector(".save"), copy = root.querySelector(".copy");
    link.hidden = Boolean(points);
    copy.hidden = !png;
    if (png) { link.href = copy.src = png; link.download = name; } else link.removeAttribute("href");
  };

  // Points in [-1.5, 1.5]², each group in its actor's colour.
  page.scatter = (canvas, groups, radius = 1.8) => {
    const side = 512, scale = side / 3, context = canvas.getContext("2d"), style = getComputedStyle(canvas);
    canvas.width = canvas.height = side;
    context.strokeStyle = style.getPropertyValue("--hairline");
    for (const at of [-1, 0, 1]) {
      const p = side / 2 + at * scale;
      context.beginPath(); context.moveTo(p, 0); context.lineTo(p, side); context.moveTo(0, p); context.lineTo(side, p); context.stroke();
    }
    for (const [actor, points] of groups) {
      context.fillStyle = style.getPropertyValue(`--${actor}`);
      context.globalAlpha = actor === "real" ? 0.45 : 0.85;
      for (const [x, y] of points) {
        context.beginPath();
        context.arc(side / 2 + x * scale, side / 2 - y * scale, radius * side / 360, 0, 7);
        context.fill();
      }
    }
    context.globalAlpha = 1;
  };

  // Where an axis has its lines, six or so: at 1, 2, 5, 10 … or at quarters of what lies between `low` and `high`, which
  // are logarithms where `log` says so.
  page.ticks = (low, high, log) => {
    let ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => low + share * (high - low));
    if (log) {
      ticks = [];
      for (let decade = Math.floor(low); decade <= high; decade++) ticks.push(...[1, 2, 5].map((v) => v * 10 ** decade));
      ticks = ticks.filter((v) => Math.log10(v) >= low && Math.log10(v) <= high);
    }
    return ticks.filter((_, i) => i % Math.ceil(ticks.length / 6) === 0);
  };

  // One request in flight, and only the newest wish is remembered. Whatever fails is asked again until it works.
  page.newest = (call, show, fail) => {
    let wish = null, busy = false;
    const work = async () => {
      busy = true;
      while (wish) {
        const request = wish;
        wish = null;
        try {
          const begun = performance.now(), answer = await call(request);
          if (answer.error) fail(answer.error);
          else show(answer, performance.now() - begun, !wish);
        } catch {
          fail(page.t("offline"));
          wish ??= request;
          await new Promise((resume) => setTimeout(resume, 1500));
        }
      }
      busy = false;
    };
    return (request) => { wish = request; if (!busy) work(); };
  };

  window.aegan = page;
})();
