// Talks to the server, and tells people what came of it.

export async function call(method, path, body) {
  const options = { method, headers: {} };
  if (method === "POST") {
    options.body = JSON.stringify(body ?? {});
    options.headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("Nakawari does not answer; start “nakawari serve” again");
  }
  if (answer.status === 204) return null;
  const text = await answer.text();
  let content;
  try {
    content = JSON.parse(text);
  } catch {
    content = { error: text };
  }
  if (!answer.ok) throw new Error(content.error || `the server answered ${answer.status}`);
  return content;
}

let fading;

// Tells a line, also to screen readers; it goes by itself.
export function say(text) {
  const box = document.getElementById("say");
  box.textContent = text;
  box.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => box.classList.remove("shown"), 6000);
}

export function element(kind, properties = {}, ...children) {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Gives a list these children, in this order. Those that stay are not touched, and keep the focus.
export function arrange(list, wanted) {
  const stay = new Set(wanted);
  for (const one of [...list.children]) if (!stay.has(one)) one.remove();
  for (const [index, one] of wanted.entries()) {
    if (list.children[index] !== one) list.insertBefore(one, list.children[index] ?? null);
  }
}

// Calls `work` again and again, each time after as many milliseconds as it returned.
export function repeat(work) {
  let timer;
  let running = false;
  async function turn() {
    clearTimeout(timer);
    if (running) return;
    running = true;
    let pause = 3000;
    try {
      pause = await work();
    } catch (error) {
      say(error.message);
    } finally {
      running = false;
    }
    timer = setTimeout(turn, pause);
  }
  turn();
  return turn;
}
