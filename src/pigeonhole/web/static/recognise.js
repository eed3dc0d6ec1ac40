import { ask, attempt, element, offer, send, spaced, tell } from "./ask.js";
import { heatOver } from "./heat.js";

const MOST = 100;
const MOST_BYTES = 100 * 1024 * 1024;
const answers = document.getElementById("answers");
const drop = document.getElementById("drop");

async function recognise(files) {
  const chosen = [...files];
  if (chosen.length > MOST) tell(`The first ${MOST} of ${chosen.length} pictures are looked at.`);
  const cards = chosen.slice(0, MOST).map((file) => {
    const name = file.name || "pasted.png";
    const card = element("article", { class: "card", "aria-busy": "true" }, element("h2", {}, name),
      element("p", { class: "quiet" }, "Looking …"));
    return { file, name, card };
  });
  answers.prepend(...cards.map(({ card }) => card));
  for (const { file, name, card } of cards) {
    try {
      if (file.size > MOST_BYTES) throw new Error("A picture may have at most 100 MiB.");
      show(card, await send("/uploads", file, name));
    } catch (error) {
      card.replaceChildren(element("h2", {}, name), element("p", { class: "bad" }, error.message));
    }
    card.removeAttribute("aria-busy");
  }
}

function show(card, answer) {
  const image = element("img", { src: `/uploads/${answer.picture}/picture`, alt: answer.name });
  const shown = element("div", { class: "shown" }, image);
  const parts = [element("h2", {}, answer.name), shown];
  if (answer.note) parts.push(element("p", {}, answer.note));
  if (answer.unknown) parts.push(element("p", {}, element("strong", {}, "unknown"), ` – ${answer.unknown}`));
  if (answer.ranking.length) {
    parts.push(element("ol", { class: "ranking", "aria-label": "Categories, best first" },
      ...answer.ranking.map(({ category, score }) => element("li", {},
        element("span", {}, spaced(category)),
        element("meter", { min: 0, max: 1, value: score, "aria-hidden": "true" }),
        element("span", { class: "number" }, `${(100 * score).toFixed(1)} %`)))));
  }
  if (answer.heat) parts.push(...heatOver(shown, answer));
  parts.push(facesOf(answer, image), adding(answer));
  card.replaceChildren(...parts);
}

// Who each face is, by the number of its box.
function faceList(faces) {
  return element("ol", { class: "faces", "aria-label": "Faces" }, ...faces.map(({ label, category, score }) => {
    const likeliest = label === category ? "" : `${spaced(label)}; likeliest `;
    return element("li", {}, `${likeliest}${spaced(category)} ${(100 * score).toFixed(1)} %`);
  }));
}

// Asked for with a button; a model that looks at faces is asked at once.
function facesOf(answer, image) {
  const row = element("div", { class: "row" });
  const look = () => attempt(async () => {
    button.disabled = true;
    const { faces } = await ask("/faces", { picture: answer.picture });
    button.replaceWith(faces.length ? faceList(faces) : element("p", { class: "quiet" }, "No face was found."));
    const count = faces.length === 1 ? "one face" : `${faces.length} faces`;
    tell(`${answer.name}: ${faces.length ? count : "no face"} found`);
    if (!faces.length) return;
    image.src = `/uploads/${answer.picture}/faces`;
    image.alt = `${answer.name}, with a numbered frame around ${faces.length === 1 ? count : `each of ${count}`}`;
  }).finally(() => { button.disabled = false; });
  const button = element("button", { type: "button", onclick: look }, "Find faces");
  row.append(button);
  if (answer.faces) look();
  return row;
}

function adding(answer) {
  const input = element("input", { type: "text", list: "categories", "aria-label": `Category for ${answer.name}`,
    placeholder: "Category", autocomplete: "off", required: true });
  if (answer.ranking.length && !answer.unknown) input.value = spaced(answer.ranking[0].category);
  const form = element("form", { class: "row", onsubmit: (event) => {
    event.preventDefault();
    attempt(async () => {
      const added = await ask("/add", { picture: answer.picture, category: input.value });
      if (added.trouble) throw new Error(added.trouble);
      form.replaceChildren(element("p", { class: "quiet" }, `Added to ${spaced(added.category)}.`));
      tell(`${answer.name} was added to ${spaced(added.category)}.`);
      offer((await ask("/categories")).categories);
    });
  } }, input, element("button", { type: "submit" }, "Add to this category"));
  return form;
}

document.getElementById("choose").addEventListener("change", (event) => {
  recognise(event.target.files);
  event.target.value = "";
});
for (const name of ["dragover", "dragenter"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  recognise(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) recognise(event.clipboardData.files);
});
attempt(async () => offer((await ask("/categories")).categories));
