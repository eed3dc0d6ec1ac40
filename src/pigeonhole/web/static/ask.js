// What the scripts of all pages share: asking the server, making elements, telling the person.

export async function ask(address, question) {
  const settings = question === undefined
    ? {}
    : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question) };
  return answerOf(() => fetch(address, settings));
}

export async function send(address, file, name) {
  const headers = { "Content-Type": "application/octet-stream", "X-Name": encodeURIComponent(name) };
  return answerOf(() => fetch(address, { method: "POST", headers, body: file }));
}

async function answerOf(request) {
  let response;
  try {
    response = await request();
  } catch {
    throw new Error("The server does not answer. Is it still running in the terminal?");
  }
  const isJson = (response.headers.get("Content-Type") || "").includes("json");
  if (!isJson) throw new Error("This browser is not let in any more. Open the address that the terminal shows.");
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

// Asks as `ask` does, for what is asked again and again: undefined where a later question has overtaken the answer.
export function newest() {
  let asked = 0;
  return async (address) => {
    asked += 1;
    const turn = asked;
    const answer = await ask(address);
    return turn === asked ? answer : undefined;
  };
}

// element("p", { class: "quiet" }, "text", otherElement)
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

let clearing;
export function tell(text, seconds = 6) {
  document.getElementById("told").textContent = text;
  clearTimeout(clearing);
  if (seconds) clearing = setTimeout(() => tell("", 0), 1000 * seconds);
}

// Runs an action and tells the person what went wrong, if anything.
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    tell(error.message, 15);
    return undefined;
  }
}

export const spaced = (category) => category.replaceAll("_", " ");

export function offer(categories) {
  document.getElementById("categories").replaceChildren(
    ...categories.map((category) => element("option", { value: spaced(category) })));
}

export const takenBack = (undone) => (
  undone.count === 1 ? `Taken back: ${undone.name}` : `Taken back: ${undone.count} decisions`);
