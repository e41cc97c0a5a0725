// Several pictures at once: each beside its reconstruction, with figures. They are sent one after the other.
const page = window.aegan;
const UNUSUAL = 90, FOREIGN = 98; // percentiles among the model's own images

// What a percentile is called.
export const judge = ({ percentile }) => (percentile >= FOREIGN ? "foreign" : percentile >= UNUSUAL ? "unfamiliar" : "familiar");

// A cell of a table as a file: in quotes, and no formula, whatever a file is called.
const cellOf = (value) => `"${String(value ?? "").replace(/^[=+\-@\t\r]/, "'$&").replaceAll('"', '""')}"`;

export function createSeveral(root, server, { openFile, choose, invert, fail }) {
  const $ = (selector) => root.querySelector(selector);
  const box = $(".several"), body = $(".several tbody");
  let rows = []; // {name, image, preview, answer, error}
  let turn = 0, model = null, busy = false; // whose answers these are; whether some are still to come

  function show() {
    for (const button of root.querySelectorAll(".several .save-sheet, .several .save-table")) button.disabled = busy || !rows.some((row) => row.answer);
    body.replaceChildren(...rows.map((row) => {
      const line = document.createElement("tr");
      const cell = (text) => Object.assign(line.appendChild(document.createElement("td")), { textContent: text });
      const name = Object.assign(line.appendChild(document.createElement("th")), { scope: "row" });
      const pair = document.createElement("td");
      const button = Object.assign(document.createElement("button"), { type: "button", className: "open", textContent: row.name, disabled: !row.image });
      button.title = page.t("several_open");
      button.addEventListener("click", () => choose({ image: row.image }, row.preview));
      name.append(button);
      line.append(pair);
      if (row.error) {
        pair.colSpan = 4;
        pair.className = "wrong";
        pair.textContent = page.say(row.error);
        return line;
      }
      for (const key of row.answer ? ["input", "reconstruction"] : []) {
        const canvas = document.createElement("canvas");
        canvas.setAttribute("aria-hidden", "true");
        page.draw(canvas, row.answer[key]);
        pair.append(canvas);
      }
      const { psnr, ssim, foreign } = row.answer ?? {};
      cell(row.answer ? `${psnr.toFixed(1)} dB` : "…");
      cell(ssim == null ? "" : ssim.toFixed(2));
      cell(foreign ? `${Math.floor(foreign.percentile)} · ${page.t(judge(foreign))}` : "");
      return line;
    }));
  }

  async function answerAll() {
    const mine = ++turn;
    [model, busy] = [page.model, true];
    for (const row of rows) row.answer = row.error = null;
    show();
    for (const row of rows) {
      if (!row.image) {
        try {
          Object.assign(row, await openFile(row.file));
        } catch (error) {
          row.error = error.message;
        }
      }
      if (mine !== turn) return;
      if (row.image) {
        let given;
        try {
          given = await server.on_picture({ model, image: row.image, invert: invert() });
        } catch {
          given = { error: page.t("no_answer") };
        }
        if (mine !== turn) return;
        if (given.error) row.error = given.error; else row.answer = given;
      }
      show();
    }
    busy = false;
    show();
    const done = rows.find((row) => row.answer);
    if (done) choose({ image: done.image }, done.preview);
  }

  async function saveSheet({ target }) {
    const mine = turn, seen = rows.filter((row) => row.answer).map((row) => row.answer.input.pixels);
    target.disabled = true;
    const given = await server.on_sheet({ model, seen }).catch(() => ({ error: page.t("no_answer") }));
    if (mine === turn) target.disabled = false;
    if (given.error) return fail(given.error);
    page.download(new Blob([page.bytes(given.png)], { type: "image/png" }), `${page.titled(model)}-reconstructions.png`);
  }

  function saveTable() {
    const lines = [[page.t("file_name"), "PSNR (dB)", "SSIM", page.t("how_foreign"), "", page.t("model")]];
    for (const { name, answer, error } of rows) {
      const { psnr, ssim, foreign } = answer ?? {};
      lines.push([name, psnr, ssim, foreign?.percentile, foreign ? page.t(judge(foreign)) : page.say(error), page.titled(model)]);
    }
    const text = lines.map((line) => line.map(cellOf).join(",")).join("\r\n");
    page.download(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv" }), `${page.titled(model)}-reconstructions.csv`);
  }

  $(".several .save-sheet").addEventListener("click", saveSheet);
  $(".several .save-table").addEventListener("click", saveTable);
  $(".several .close").addEventListener("click", () => { turn += 1; rows = []; box.hidden = true; show(); });
  return {
    run: (files) => {
      rows = files.map((file) => ({ file, name: file.name }));
      box.hidden = false;
      return answerAll();
    },
    again: () => { if (rows.length) answerAll(); },
    show,
  };
}
