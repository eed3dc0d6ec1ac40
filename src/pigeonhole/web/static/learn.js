import { ask, attempt, element, newest, spaced } from "./ask.js";
import { learntSentence } from "./learnt.js";

const EVERY = 1500; // milliseconds
const asked = newest();
const find = (id) => document.getElementById(id);

function show(answer) {
  find("learnt").textContent = learntSentence(answer);
  find("counts").tBodies[0].replaceChildren(...answer.counts.map(([category, count]) => element("tr", {},
    element("th", { scope: "row" }, spaced(category)), element("td", {}, String(count)))));
  find("finish").disabled = answer.running;
  find("progress").textContent = sentence(answer);
  find("said").hidden = !answer.said.length;
  find("said").textContent = answer.said.join("\n");
}

function sentence(answer) {
  if (answer.running) return "Training …";
  if (answer.code === null) return answer.has_model ? "There is a model." : "There is no model yet.";
  return answer.code === 0 ? "Done: the model is written." : "No model was written. The reason stands below.";
}

async function look() {
  const answer = await asked("/learn/state");
  if (answer) show(answer);
}

find("finish").addEventListener("click", () => attempt(async () => {
  find("finish").disabled = true;
  find("progress").textContent = "Training …";
  await ask("/learn/finish", {});
  await look();
}));
setInterval(() => {
  if (!document.hidden) look().catch((error) => { find("progress").textContent = error.message; });
}, EVERY);
attempt(look);
