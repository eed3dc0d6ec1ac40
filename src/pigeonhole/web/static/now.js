import { ask, attempt, element, newest, tell } from "./ask.js";

const EVERY = 5000; // milliseconds
const find = (id) => document.getElementById(id);
const asked = newest();
let shown = "";

async function look() {
  const answer = await asked("/now/folders");
  if (!answer) return;
  const text = JSON.stringify(answer);
  if (text === shown) return; // what someone is reading, or has the focus in, stays
  shown = text;
  find("none").hidden = answer.folders.length > 0;
  find("folders").replaceChildren(...answer.folders.map(folder));
}

function folder(each) {
  return element("section", { "aria-label": each.name },
    element("h2", {}, each.name),
    element("p", { class: each.is_well ? "" : "quiet" }, `${each.health} ${each.why_no_undo}`),
    element("h3", {}, "Sorted last"),
    each.last.length ? element("ul", { class: "last" }, ...each.last.map((entry) => item(each, entry)))
      : element("p", { class: "quiet" }, "Nothing."),
    element("h3", {}, "Could not be read"),
    each.unreadable.length ? element("ul", {}, ...each.unreadable.map(({ name, reason }) => element("li", {}, `${name}: ${reason}`)))
      : element("p", { class: "quiet" }, "All could be read."));
}

function item(each, entry) {
  return element("li", { class: "card" },
    ...(entry.picture ? [element("img", { src: `/pictures/${entry.picture}/small`, alt: "", loading: "lazy" })] : []),
    element("div", {}, element("strong", {}, entry.name), element("br"), entry.what, element("br"),
      element("span", { class: "quiet" }, `from ${entry.from}`)),
    entry.is_decision ? element("span", { class: "quiet" }, "decided by you")
      : each.why_no_undo ? "" : element("button", { type: "button", "aria-label": `Undo ${entry.name}`, onclick: () => undo(each, entry) }, "Undo"));
}

const undo = (each, entry) => attempt(async () => {
  const answer = await ask("/now/undo", { folder: each.folder, entry: entry.entry });
  tell(`It is again at ${answer.undone}`);
  await look();
});

setInterval(() => {
  if (!document.hidden) look().catch((error) => tell(error.message));
}, EVERY);
attempt(look);
