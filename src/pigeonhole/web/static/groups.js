import { ask, attempt, element, offer, spaced, takenBack, tell } from "./ask.js";

const EVERY = 1500; // milliseconds
const FIRST = 12; // pictures of a group that are shown at once
const AT_ONCE = 200; // pictures that are decided on with one question
const find = (id) => document.getElementById(id);

let seen = -1;
let lastLoad = 0;
let isNaming = false;
let chosen = ""; // number of groups, empty as long as the person has chosen none
const leftOut = new Set(); // pictures that do not belong to their group

async function load(count) {
  lastLoad += 1;
  const own = lastLoad;
  const answer = await ask(`/groups/list?count=${count || ""}`);
  if (own !== lastLoad) return; // another number of groups was asked for meanwhile
  seen = answer.seen;
  offer(answer.categories);
  find("method").textContent = answer.method;
  find("count").max = Math.max(1, answer.most);
  find("count").value = answer.count;
  find("count").disabled = !answer.most;
  find("number").textContent = answer.count;
  showProgress(answer);
  find("targets").replaceChildren(...answer.categories.map((category) => element("li", {
    class: "target",
    ondragover: (event) => event.preventDefault(),
    ondrop: (event) => {
      event.preventDefault();
      name(find(event.dataTransfer.getData("text/plain")), category);
    },
  }, spaced(category))));
  find("groups").replaceChildren(...answer.groups.map(group));
}

function showProgress(answer) {
  const left = answer.total - answer.seen;
  const troubles = answer.troubles.join(" ");
  if (left) find("progress").textContent = `Looking at the pictures: ${answer.seen} of ${answer.total}. ${troubles}`;
  else if (answer.open) find("progress").textContent = `Putting pictures in their places: ${answer.open} are left. ${troubles}`;
  else if (find("groups").children.length) find("progress").textContent = troubles;
  else if (!answer.total) find("progress").textContent = `There are no pictures here. Start the page with the folder that they are in. ${troubles}`;
  else find("progress").replaceChildren("There is nothing left to name here. Go on with ", element("a", { href: "/review" }, "Review"), " or ", element("a", { href: "/learn" }, "Learn"), `. ${troubles}`);
}

function group(each, place) {
  const size = each.pictures.reduce((sum, alike) => sum + alike.length, 0);
  const list = element("ol", { class: "pile" });
  const more = element("button", { type: "button", onclick: () => {
    list.append(...each.pictures.slice(FIRST).map(tile));
    more.remove();
  } }, `Show all ${size}`);
  list.append(...each.pictures.slice(0, FIRST).map(tile));
  const input = element("input", { type: "text", list: "categories", autocomplete: "off", placeholder: "Name",
    "aria-label": `Name of group ${place + 1}`, value: each.likely ? spaced(each.likely) : "" });
  const section = element("section", { class: "card group", id: `group-${place}`, draggable: "true",
    "aria-label": `Group ${place + 1} of ${size} pictures`,
    ondragstart: (event) => event.dataTransfer.setData("text/plain", section.id),
  },
  element("form", { class: "row", onsubmit: (event) => {
    event.preventDefault();
    name(section, input.value);
  } }, element("strong", {}, `${size} ${size === 1 ? "picture" : "pictures"}`), input,
  element("button", { type: "submit" }, "Name this group")), list, ...(each.pictures.length > FIRST ? [more] : []));
  section.pictures = each.pictures;
  return section;
}

function tile(alike) {
  const [picture] = alike;
  const button = element("button", { type: "button", "aria-pressed": String(leftOut.has(picture)), "aria-label": "Leave this picture out", onclick: () => {
    if (!leftOut.delete(picture)) leftOut.add(picture);
    button.setAttribute("aria-pressed", String(leftOut.has(picture)));
  } }, element("img", { src: `/pictures/${picture}/small`, alt: "", loading: "lazy", draggable: "false" }),
  ...(alike.length > 1 ? [element("span", {}, `×${alike.length}`)] : []));
  return element("li", {}, button);
}

const name = (section, category) => attempt(async () => {
  if (!category.trim()) throw new Error("A group needs a name. Type one.");
  const pictures = section.pictures.filter(([picture]) => !leftOut.has(picture)).flat();
  if (!pictures.length) throw new Error("No picture of this group is left.");
  isNaming = true;
  const batch = crypto.randomUUID(); // one undo for all of them
  try {
    for (let start = 0; start < pictures.length; start += AT_ONCE) {
      const answers = pictures.slice(start, start + AT_ONCE).map((picture) => ({ picture, category }));
      await ask("/decide", { answers, batch });
      tell(`${Math.min(start + AT_ONCE, pictures.length)} of ${pictures.length} pictures: ${spaced(category)}`);
    }
  } finally {
    isNaming = false;
  }
  const next = section.nextElementSibling;
  await load(chosen);
  (find(next?.id || "groups")?.querySelector("input") || find("groups").querySelector("input"))?.focus();
});

const undo = () => attempt(async () => {
  const { undone } = await ask("/undo", {});
  tell(takenBack(undone));
  await load(chosen);
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input:not([type=range])");
  if (event.key.toLowerCase() !== "u" || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
  event.preventDefault();
  undo();
});
find("undo").addEventListener("click", undo);
find("count").addEventListener("input", () => { find("number").textContent = find("count").value; });
find("count").addEventListener("change", () => {
  chosen = find("count").value;
  attempt(() => load(chosen));
});

setInterval(async () => {
  if (document.hidden || isNaming) return;
  try {
    const answer = await ask("/state");
    const isBusy = document.activeElement?.closest("#groups"); // what someone works on stays
    if (answer.seen !== seen && answer.seen === answer.total && !isBusy) await load(chosen);
    else showProgress(answer);
  } catch (error) {
    find("progress").textContent = error.message;
  }
}, EVERY);

attempt(() => load());
