// The first page: clips are dropped, and come up with how far they are.

import { arrange, call, element, repeat, say } from "./api.js";
import { chosen, dropped, sorted } from "./folders.js";
import { showJobs } from "./jobs.js";

const AT_ONCE = 2; // uploads
const TOLD = 3; // names in a line
const waiting = [];
const drop = document.getElementById("drop");
const uploads = document.getElementById("uploads");
const kinds = {
  pictures: new Set(drop.dataset.pictures.split(" ")),
  videos: new Set(drop.dataset.videos.split(" ")),
};
let uploading = 0;

// What is sent for a file, or for the pictures of a sequence, which go together.
function sending({ name, files }) {
  const [file] = files;
  if (files.length === 1) {
    return { title: file.name, path: `/api/clips?name=${encodeURIComponent(file.name)}`, body: file };
  }
  const list = JSON.stringify(files.map((one) => [one.name, one.size]));
  return {
    title: name ?? `${file.name} and ${files.length - 1} more`,
    path: `/api/sequences?name=${encodeURIComponent(name ?? "")}`,
    body: new Blob([`${list}\n`, ...files]),
  };
}

// A clip on its way to the server. Its line is there while it waits, too.
class Upload {
  constructor(clip) {
    Object.assign(this, sending(clip));
    this.request = new XMLHttpRequest();
    this.bar = element("progress", { max: 1, value: 0, "aria-label": `upload of ${this.title}` });
    // A screen reader tells which uploads there are, and which fail, and not each percent.
    this.words = element("span", { textContent: "waits", "aria-live": "off" });
    this.row = element("div", { className: "upload" }, element("b", { textContent: this.title }),
      this.bar, this.words, element("button", { textContent: "Cancel",
        "aria-label": `cancel ${this.title}`, onclick: () => this.cancel() }));
    uploads.append(this.row);
  }

  cancel() {
    if (waiting.includes(this)) waiting.splice(waiting.indexOf(this), 1);
    this.request.abort();
    this.row.remove();
  }

  fail(text) {
    this.words.textContent = text;
    this.row.classList.add("failed");
    say(`${this.title}: ${text}`);
  }

  send() {
    const { request } = this;
    return new Promise((resolve) => {
      request.upload.onprogress = (event) => {
        if (!event.lengthComputable) return;
        this.bar.value = event.loaded / event.total;
        this.words.textContent = `${Math.floor((100 * event.loaded) / event.total)} %`;
      };
      request.onload = () => {
        if (request.status === 201) return this.row.remove();
        let text = request.responseText;
        try { text = JSON.parse(text).error; } catch { /* it is text already */ }
        this.fail(text);
      };
      request.onerror = () => this.fail("Nakawari did not take it all; try again");
      request.onloadend = resolve;
      request.open("PUT", this.path);
      request.send(this.body);
    });
  }
}

async function next() {
  if (uploading >= AT_ONCE || waiting.length === 0) return;
  uploading += 1;
  await waiting.shift().send();
  uploading -= 1;
  again();
  next();
}

// Tells in a line, which stays, what of a folder is no clip.
function tellOthers(title, others) {
  const names = others.slice(0, TOLD).map(({ name }) => name).join(", ");
  const more = others.length > TOLD ? ` and ${others.length - TOLD} more` : "";
  note(title, others.length ? `left out, as no clips: ${names}${more}` : "nothing in it is a clip");
}

function note(title, text) {
  const row = element("div", { className: "upload left-out" }, element("b", { textContent: title }),
    element("span", { textContent: text }), element("button", { textContent: "Close",
      "aria-label": `close the note on ${title}`, onclick: () => row.remove() }));
  uploads.append(row);
}

async function take(files, title) {
  const { clips, others } = await sorted(files, kinds);
  waiting.push(...clips.map((clip) => new Upload(clip)));
  if (others.length || !clips.length) tellOthers(title, others);
  for (let number = 0; number < AT_ONCE; number += 1) next();
}

// What a line calls all that came together: the folder, or the first of several.
function titleOf(names) {
  return names.length > 1 ? `${names[0]} and ${names.length - 1} more` : names[0];
}

for (const kind of ["dragenter", "dragover"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
addEventListener("drop", async (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const names = [...event.dataTransfer.files].map(({ name }) => name);
  if (names.length === 0) return; // a text, or a picture of a page
  try {
    await take(await dropped(event.dataTransfer.items), titleOf(names));
  } catch (error) {
    note(titleOf(names), `cannot be read (${error.message}); drop it again`);
  }
});
for (const input of [document.getElementById("files"), document.getElementById("folder")]) {
  input.addEventListener("change", () => {
    const files = [...input.files];
    const [first] = files;
    if (first) take(chosen(files), first.webkitRelativePath.split("/")[0] || first.name);
    input.value = "";
  });
}

function words(clip) {
  if (clip.state === "failed") return clip.reason;
  if (clip.state === "ready") return `${clip.frames} frames`;
  if (clip.state === "arriving") return "arriving";
  const share = clip.expected ? ` ${Math.floor((100 * clip.done) / clip.expected)} %` : "";
  return `${clip.stage}${share}`;
}

async function remove(clip) {
  if (!confirm(`Remove ${clip.name}, and all that was made of it?`)) return;
  try {
    await call("DELETE", `/api/clips/${clip.number}`);
  } catch (error) {
    say(error.message);
  }
  again();
}

class ClipCard {
  constructor(clip) {
    this.picture = element("div", { className: "still" });
    this.words = element("span", { className: "words quiet" });
    this.link = element("a", {}, this.picture, element("b", { textContent: clip.name }));
    this.root = element("li", { className: "card", "data-number": clip.number }, this.link,
      this.words, element("button", { textContent: "Remove", className: "small",
        "aria-label": `remove ${clip.name}`, onclick: () => remove(clip) }));
  }

  show(clip) {
    this.root.dataset.state = clip.state;
    this.words.textContent = words(clip);
    if (clip.state !== "ready" || this.link.href) return;
    this.link.href = `/clips/${clip.number}`;
    this.picture.append(element("img", { alt: "", loading: "lazy",
      src: `/clips/${clip.number}/thumbs/${Math.floor(clip.frames / 2)}.jpg` }));
  }
}

const cards = new Map();
const again = repeat(async () => {
  const clips = await call("GET", "/api/clips");
  for (const clip of clips) {
    if (!cards.has(clip.number)) cards.set(clip.number, new ClipCard(clip));
    cards.get(clip.number).show(clip);
  }
  arrange(document.getElementById("clips"), clips.map((clip) => cards.get(clip.number).root));
  document.getElementById("no-clips").hidden = clips.length > 0;
  return clips.some((clip) => clip.state === "looking" || clip.state === "arriving") ? 700 : 3000;
});
showJobs({});
