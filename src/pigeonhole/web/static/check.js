import { ask, attempt, element, spaced, takenBack, tell } from "./ask.js";

const EVERY = 1000; // milliseconds
const find = (id) => document.getElementById(id);
const WITHOUT_CHOICE = new Set(["shortcut", "few", "unreadable"]);

let findings = []; // those that can be decided
let at = 0;
let keys = new Map(); // key → what it does
let timer;

async function look() {
  const answer = await ask("/check/state");
  find("start").disabled = answer.running;
  if (answer.running) {
    find("progress").textContent = answer.said || "Looking at the pictures …";
    timer = setTimeout(() => attempt(look), EVERY);
    return;
  }
  if (answer.findings === null) return;
  findings = answer.findings.filter((finding) => !WITHOUT_CHOICE.has(finding.kind));
  at = Math.min(at, Math.max(0, findings.length - 1));
  find("progress").textContent = answer.said || (findings.length ? "" : "There is nothing to decide.");
  showHints(answer.findings.filter((finding) => WITHOUT_CHOICE.has(finding.kind)));
  show();
}

function showHints(hints) {
  const titles = [...new Set(hints.map((hint) => hint.title))];
  find("hints").replaceChildren(...titles.flatMap((title) => [
    element("h2", {}, title),
    element("ul", {}, ...hints.filter((hint) => hint.title === title).map((hint) => element("li", {},
      [hint.pictures.map((each) => each.name).join(", "), hint.sentence].filter(Boolean).join(": ")))),
  ]));
}

function show() {
  const finding = findings[at];
  find("finding").hidden = !finding;
  keys = new Map();
  if (!finding) return;
  find("title").textContent = `${at + 1} of ${findings.length}: ${finding.title}`;
  find("sentence").textContent = finding.sentence;
  find("pictures").replaceChildren(...finding.pictures.map((each, place) => element("li", { class: "card" },
    ...(each.picture ? [element("img", { src: `/pictures/${each.picture}/large`, alt: each.name })] : []),
    element("p", {}, element("kbd", {}, String(place + 1)), ` ${spaced(each.category || "")} – ${each.name}`))));
  find("choices").replaceChildren(...choicesFor(finding).map(({ key, text, act }) => {
    keys.set(key, act);
    return element("button", { type: "button", onclick: act }, `${text} `, element("kbd", {}, key));
  }));
}

function choicesFor(finding) {
  const own = finding.pictures.filter((each) => each.picture && each.is_open);
  const skip = [{ key: "→", text: "Later", act: () => go(at + 1) }, { key: "←", text: "Back", act: () => go(at - 1) }];
  if (finding.kind === "label") {
    const [{ picture, category }] = finding.pictures;
    return [
      { key: "Enter", text: `It is ${spaced(finding.suggested)}`, act: () => decide([{ picture, category: finding.suggested }]) },
      { key: "K", text: `It is ${spaced(category)}, keep it`, act: () => decide([{ picture, category }]) },
      { key: "X", text: "It is neither, set it aside", act: () => decide([{ picture, category: null }]) },
      ...skip,
    ];
  }
  const keeping = own.slice(0, 9).map((kept) => ({
    key: String(finding.pictures.indexOf(kept) + 1),
    text: `Keep ${finding.kind === "two categories" ? spaced(kept.category) : `picture ${finding.pictures.indexOf(kept) + 1}`}, set the others aside`,
    act: () => decide(own.filter((each) => each !== kept).map((each) => ({ picture: each.picture, category: null }))),
  }));
  const all = { key: "K", text: "Keep all", act: () => decide(own.map(({ picture, category }) => ({ picture, category }))) };
  return [...keeping, all, ...skip];
}

function go(place) {
  at = Math.max(0, Math.min(place, findings.length - 1));
  show();
}

const decide = (answers) => attempt(async () => {
  const [{ name }] = findings[at].pictures;
  findings.splice(at, 1);
  go(at);
  await ask("/decide", { answers });
  tell(`${name}: decided`);
});

const undo = () => attempt(async () => {
  const { undone } = await ask("/undo", {});
  tell(takenBack(undone));
  await look();
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input")) return;
  if (event.key === "Enter" && event.target.matches("button, a")) return;
  const key = { ArrowRight: "→", ArrowLeft: "←" }[event.key] || (event.key.length === 1 ? event.key.toUpperCase() : event.key);
  const action = key === "U" ? undo : keys.get(key);
  if (action) {
    event.preventDefault();
    action();
  }
});
find("undo").addEventListener("click", undo);
find("start").addEventListener("click", () => attempt(async () => {
  clearTimeout(timer);
  at = 0;
  find("start").disabled = true;
  find("progress").textContent = "Looking at the pictures …";
  await ask("/check/start", {});
  await look();
}));
attempt(look);
