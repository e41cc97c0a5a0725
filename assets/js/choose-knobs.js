// The mixing desk and the other knobs of a choice, in groups, built from what Python says of each.
const page = window.aegan;

//: Weight -> the actor whose colour it has: the network that learns from it.
const ACTORS = { rec: "encoder", adv: "generator", adv_rec: "generator", adv_z: "latent", cycle: "encoder", rec_fake: "encoder", kl: "encoder" };
const STEP = 0.01;

const node = (tag, values = {}, ...children) => { const made = Object.assign(document.createElement(tag), values); made.append(...children); return made; };

// `turned(name, value)` tells what the visitor wants; values that are no numbers go on as text, for the server to refuse.
export function createGroups(box, turned) {
  const rows = new Map();
  const parse = (text) => (text.trim() !== "" && Number.isFinite(+text) ? +text : text.trim() || "?");

  function field(knob) {
    const id = `choose-${knob.name}`, help = node("p", { className: "help", id: `${id}-help`, textContent: page.t(`help.${knob.name}`) });
    const label = node("label", { htmlFor: id, textContent: knob.name });
    const row = node("div", { className: `knob ${knob.kind}` });
    let input, put;
    if (knob.kind === "choice") {
      input = node("select", { id }, ...knob.choices.map((choice) => new Option(choice, choice)));
      put = (value) => { input.value = value; };
      input.addEventListener("change", () => turned(knob.name, input.value));
      row.append(label, input);
    } else if (knob.kind === "switch") {
      input = node("input", { id, type: "checkbox" });
      put = (value) => { input.checked = value; };
      input.addEventListener("change", () => turned(knob.name, input.checked));
      row.append(input, label);
    } else {
      input = node("input", { id, type: "number", step: knob.whole ? 1 : "any", min: knob.low, max: knob.high });
      input.addEventListener("change", () => turned(knob.name, parse(input.value)));
      row.append(label, input);
      put = (value) => { if (document.activeElement !== input) input.value = value; }; // never under the visitor's fingers
      if (knob.kind === "weight") {
        const slider = node("input", { type: "range", min: 0, max: knob.most, step: STEP }), number = put;
        slider.setAttribute("aria-describedby", help.id);
        const fill = () => slider.style.setProperty("--at", slider.value / slider.max);
        put = (value, isTurned) => { // a large one fits on the slider, and still would when it was turned down
          number(value);
          slider.max = Math.max(isTurned ? slider.max : knob.most, value);
          slider.setAttribute("aria-label", `${knob.name}: 0 – ${slider.max}`);
          slider.value = value;
          fill();
          row.classList.toggle("lit", value > 0);
        };
        slider.addEventListener("input", () => { input.value = slider.value; fill(); row.classList.toggle("lit", +slider.value > 0); });
        slider.addEventListener("change", () => turned(knob.name, +slider.value));
        row.style.setProperty("--actor", `var(--${ACTORS[knob.name]})`);
        row.append(slider);
      }
    }
    input.setAttribute("aria-describedby", help.id);
    row.append(help);
    rows.set(knob.name, { row, put });
    return row;
  }

  function build() {
    rows.clear();
    box.replaceChildren(...page.facts.choosing.knobs.map((group) => node("fieldset", { className: `group ${group.name}` },
      node("legend", { textContent: page.t(`group.${group.name}`) }), ...group.knobs.map(field))));
  }

  function show(values, changed) {
    for (const [name, { row, put }] of rows) {
      put(values[name], changed.has(name));
      row.classList.toggle("changed", changed.has(name));
    }
  }
  return { build, show };
}
