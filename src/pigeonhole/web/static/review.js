import { ask, attempt, element, offer, spaced, takenBack, tell } from "./ask.js";
import { Grid } from "./grid.js";
import { learntSentence } from "./learnt.js";

const COUNT = 200; // questions in hand
const AHEAD = 3; // large pictures that are fetched before they are asked about
const STRIP = 9;
const EVERY = 1500; // milliseconds between looks at what was learnt
const RESERVED = new Set("nxug");
const KEYS = [..."123456789", ..."abcdefghijklmopqrstvwyz"].filter((key) => !RESERVED.has(key));
const find = (id) => document.getElementById(id);

let queue = []; // the questions; those before `at` were passed by without a decision
let at = 0;
let version = 0;
let shortcuts = new Map(); // key → category
let decisions = Promise.resolve(); // sent one after the other, in their order
const decided = new Map(); // picture → when the server had its decision, Infinity until then
const grid = new Grid(find("grid"));

const current = () => queue[at];
const isMany = () => find("many").getAttribute("aria-pressed") === "true";

async function load(first) {
  const category = find("filter").value;
  const asked = performance.now();
  const answer = await ask(`/queue?count=${COUNT}&category=${encodeURIComponent(category)}`);
  // The server may not have known yet what was decided here while it answered.
  const pictures = answer.pictures.filter((question) => !(decided.get(question.picture) > asked));
  // What was passed by and what is in view stay where they are; the others follow in their new order.
  const wanted = pictures.find((question) => question.picture === first);
  const now = new Map(pictures.map((question) => [question.picture, question]));
  const before = wanted ? queue.slice(0, at).filter((question) => question.picture !== first) : queue.slice(0, at + 1);
  const kept = [...before, ...(wanted ? [wanted] : [])].map((question) => now.get(question.picture) || question);
  const names = new Set(kept.map((question) => question.picture));
  queue = [...kept, ...pictures.filter((question) => !names.has(question.picture))];
  if (wanted) at = kept.length - 1;
  showCategories(answer.categories, answer.found);
  showState(answer);
  show();
}

function showState(answer) {
  version = answer.version;
  find("learnt").textContent = learntSentence(answer);
  const troubles = find("troubles");
  troubles.hidden = !answer.troubles.length;
  troubles.replaceChildren(...answer.troubles.map((text) => element("li", {}, text)));
}

function showCategories(categories, found) {
  offer(categories);
  shortcuts = keysFor(categories);
  const keyOf = new Map([...shortcuts].map(([key, category]) => [category, key]));
  const others = categories.filter((category) => !keyOf.has(category));
  find("buttons").replaceChildren(...[...shortcuts.values(), ...others].map((category) => element("li", {},
    element("button", { type: "button", onclick: () => choose(category) }, element("span", {}, spaced(category)),
      ...(keyOf.has(category) ? [element("kbd", {}, keyOf.get(category).toUpperCase())] : [])))));
  const filter = find("filter");
  const chosen = filter.value;
  filter.replaceChildren(element("option", { value: "" }, "all"),
    ...found.map((category) => element("option", { value: category }, spaced(category))));
  filter.value = found.includes(chosen) ? chosen : "";
}

// Fingers remember a key, so it stays with its category, in the order of the keys; a new category gets the next one.
function keysFor(categories) {
  const known = new Set(categories);
  const kept = new Map(remembered().filter(([key, category]) => KEYS.includes(key) && known.has(category)));
  const held = new Set(kept.values());
  const free = KEYS.filter((key) => !kept.has(key));
  for (const category of categories) if (!held.has(category) && free.length) kept.set(free.shift(), category);
  const inOrder = KEYS.filter((key) => kept.has(key)).map((key) => [key, kept.get(key)]);
  localStorage.setItem("keys", JSON.stringify(inOrder));
  return new Map(inOrder);
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem("keys")) || [];
  } catch {
    return []; // what was not written by this page
  }
}

function show() {
  const question = current();
  find("work").hidden = !question;
  find("done").hidden = Boolean(question);
  if (!question) {
    find("strip").replaceChildren();
    find("large").removeAttribute("src");
    delete find("large").dataset.picture;
    find("done").textContent = "There is nothing to ask. Name a sorted folder when you start the page, or come back later.";
    return;
  }
  find("accept").disabled = !isMany() && !question.category;
  find("agree").textContent = isMany() || !question.category ? "Right" : `Yes, ${spaced(question.category)}`;
  find("asked").replaceChildren(...asked(question));
  find("name").textContent = question.name;
  const image = find("large");
  if (image.dataset.picture !== question.picture) {
    image.dataset.picture = question.picture;
    image.src = `/pictures/${question.picture}/large`;
    image.alt = question.name;
  }
  for (const next of queue.slice(at + 1, at + 1 + AHEAD)) new Image().src = `/pictures/${next.picture}/large`;
  const from = Math.max(0, Math.min(at - 2, queue.length - STRIP));
  find("strip").replaceChildren(...queue.slice(from, from + STRIP).map((each, place) => element("li", {},
    element("button", { type: "button", "aria-current": String(from + place === at), "aria-label": each.name,
      onclick: () => go(from + place) },
    element("img", { src: `/pictures/${each.picture}/small`, alt: "", loading: "lazy" })))));
  if (isMany()) grid.show(queue);
}

function asked(question) {
  if (!question.category) return ["What is this?", ...reason(question)];
  const percent = question.score === null ? "" : ` (${(100 * question.score).toFixed(0)} %)`;
  return ["Is this ", element("strong", {}, spaced(question.category)), `?${percent}`, ...reason(question)];
}

const reason = (question) => (question.why ? [element("span", { class: "quiet" }, ` – ${question.why}`)] : []);

function go(place) {
  at = Math.max(0, Math.min(place, queue.length - 1));
  show();
}

// Decides for the picture in view, or for those that are selected among many.
function choose(category) {
  const chosen = isMany() ? grid.chosen(queue) : [current()];
  const answers = chosen.filter(Boolean).map((question) => (
    { picture: question.picture, category: category === undefined ? question.category : category }));
  if (!answers.length || answers.some((answer) => answer.category === null && category === undefined)) {
    tell("Nobody has an idea what this is. Choose a category.");
    return;
  }
  const gone = new Set(answers.map((answer) => answer.picture));
  const before = queue;
  gone.forEach((picture) => decided.set(picture, Infinity));
  at -= queue.slice(0, at).filter((question) => gone.has(question.picture)).length;
  queue = queue.filter((question) => !gone.has(question.picture));
  at = Math.max(0, Math.min(at, queue.length - 1));
  grid.clear();
  show();
  const what = category === null ? "set aside" : spaced(answers[0].category);
  tell(answers.length === 1 ? `${chosen[0].name}: ${what}` : `${answers.length} pictures: ${what}`);
  decisions = decisions.then(async () => {
    try {
      showState(await ask("/decide", { answers }));
      gone.forEach((picture) => decided.set(picture, performance.now()));
      if (queue.length < STRIP || !shortcutOf(answers)) await load();
    } catch (error) {
      gone.forEach((picture) => decided.delete(picture));
      queue = before.filter((question) => !decided.has(question.picture));
      tell(error.message, 15);
      await attempt(() => load());
    }
  });
}

const shortcutOf = (answers) => answers.every((answer) => answer.category === null || [...shortcuts.values()].includes(answer.category));

function undo() {
  decisions = decisions.then(() => attempt(async () => {
    const answer = await ask("/undo", {});
    showState(answer);
    tell(takenBack(answer.undone));
    await load(answer.undone.picture);
  }));
}

function switchTo(many) {
  find("many").setAttribute("aria-pressed", String(many));
  find("one").setAttribute("aria-pressed", String(!many));
  find("view").hidden = many;
  find("grid").hidden = !many;
  show();
  if (many) find("grid").focus();
}

function help() {
  const isOpen = find("help").getAttribute("aria-expanded") === "true";
  find("help").setAttribute("aria-expanded", String(!isOpen));
  find("keys").hidden = isOpen;
}

function typeCategory(isNew) {
  find("find").value = "";
  find("find").placeholder = isNew ? "New category" : "Category";
  find("find").focus();
}

const ACTIONS = {
  Enter: () => choose(undefined),
  ArrowRight: () => go(at + 1),
  ArrowLeft: () => go(at - 1),
  "/": () => typeCategory(false),
  n: () => typeCategory(true),
  x: () => choose(null),
  u: undo,
  g: () => switchTo(!isMany()),
  "?": help,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target.matches("input, select");
  if (event.key === "Escape") {
    find("find").blur();
    grid.clear();
    return;
  }
  if (isTyping) return;
  if (event.key === "Enter" && event.target.matches("button, a")) return;
  if (isMany() && grid.handle(event)) {
    event.preventDefault();
    return;
  }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = ACTIONS[key] || (shortcuts.has(key) && (() => choose(shortcuts.get(key))));
  if (action) {
    event.preventDefault();
    action();
  }
});

find("accept").addEventListener("click", () => choose(undefined));
find("aside").addEventListener("click", () => choose(null));
find("undo").addEventListener("click", undo);
find("help").addEventListener("click", help);
find("one").addEventListener("click", () => switchTo(false));
find("many").addEventListener("click", () => switchTo(true));
find("filter").addEventListener("change", () => {
  queue = [];
  at = 0;
  attempt(() => load());
});
find("other").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = find("find").value.trim();
  if (!typed) return;
  find("find").value = "";
  find("find").blur();
  choose(typed);
});

setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await ask("/state");
    if (answer.version !== version || !queue.length) await decisions.then(() => load());
    else showState(answer);
  } catch {
    find("learnt").textContent = "The server does not answer. What was decided is kept; start the page again.";
  }
}, EVERY);

attempt(() => load());
