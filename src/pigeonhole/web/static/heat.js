// Which places of a picture speak for its category: a layer over the picture, as strong as the person wants it.
import { ask, attempt, element, spaced } from "./ask.js";

const USUAL = 75; // percent
let made = 0;

// The layer for the figure `shown` of an upload, and the row that switches it.
export function heatOver(shown, answer) {
  made += 1;
  const layer = element("img", { class: "layer", alt: "", hidden: true });
  const said = element("p", { class: "quiet", "aria-live": "polite" });
  const strength = element("input", { type: "range", id: `strength-${made}`, min: 10, max: 100, value: USUAL,
    oninput: () => { layer.style.opacity = strength.value / 100; } });
  const slider = element("div", { class: "row", hidden: true },
    element("label", { for: strength.id }, "Strength"), strength);
  const button = element("button", { type: "button", class: "heat", "aria-pressed": "false", onclick: () => attempt(async () => {
    const isOn = button.getAttribute("aria-pressed") === "false";
    if (isOn && !layer.src) {
      button.disabled = true;
      const { category, most } = await ask("/heat", { picture: answer.picture });
      layer.src = `/uploads/${answer.picture}/heat`;
      layer.alt = `Heat map: ${most} of the picture speaks most for ${spaced(category)}`;
      said.textContent = `Bright is what speaks for ${spaced(category)}: ${most} of the picture most of all.`;
    }
    button.setAttribute("aria-pressed", String(isOn));
    layer.style.opacity = strength.value / 100;
    for (const each of [layer, slider, said]) each.hidden = !isOn;
  }).finally(() => { button.disabled = false; }) }, "Show what speaks for it ", element("kbd", {}, "H"));
  shown.append(layer);
  return [element("div", { class: "row" }, button), slider, said];
}

// H switches it at the picture that has the focus, else at the newest.
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "h" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input:not([type=range])")) return;
  const button = (event.target.closest("article") || document).querySelector("button.heat");
  if (!button) return;
  event.preventDefault();
  button.click();
});
