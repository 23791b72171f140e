// The first page: clips are dropped, and come up with how far they are.

import { call, element, repeat, say } from "./api.js";
import { showJobs } from "./jobs.js";

const AT_ONCE = 2; // uploads
const waiting = [];
const pictures = new Set(document.getElementById("drop").dataset.pictures.split(" "));
let uploading = 0;

// What is sent for a file, or for the pictures of a sequence, which go together.
function sending(files) {
  if (files.length === 1) {
    const [file] = files;
    return { name: file.name, path: `/api/clips?name=${encodeURIComponent(file.name)}`, body: file };
  }
  const list = JSON.stringify(files.map((file) => [file.name, file.size]));
  return {
    name: `${files[0].name} and ${files.length - 1} more`,
    path: "/api/sequences",
    body: new Blob([`${list}\n`, ...files]),
  };
}

function upload(files) {
  const { name, path, body } = sending(files);
  const bar = element("progress", { max: 1, value: 0, "aria-label": `upload of ${name}` });
  const words = element("span", { textContent: "waits" });
  const request = new XMLHttpRequest();
  const row = element("div", { className: "upload" }, element("b", { textContent: name }), bar,
    words, element("button", { textContent: "Cancel", "aria-label": `cancel ${name}`,
      onclick: () => { request.abort(); row.remove(); } }));
  document.getElementById("uploads").append(row);
  return new Promise((resolve) => {
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      bar.value = event.loaded / event.total;
      words.textContent = `${Math.floor((100 * event.loaded) / event.total)} %`;
    };
    request.onload = () => {
      if (request.status === 201) return row.remove();
      let text = request.responseText;
      try { text = JSON.parse(text).error; } catch { /* it is text already */ }
      words.textContent = text;
      row.classList.add("failed");
    };
    request.onerror = () => {
      words.textContent = "Nakawari did not take it all; try again";
      row.classList.add("failed");
    };
    request.onloadend = resolve;
    request.open("PUT", path);
    request.send(body);
  });
}

async function next() {
  if (uploading >= AT_ONCE || waiting.length === 0) return;
  uploading += 1;
  await upload(waiting.shift());
  uploading -= 1;
  again();
  next();
}

// Pictures that differ in the last number of their names alone are one sequence.
function sequenceOf(name) {
  const dot = name.lastIndexOf(".");
  const ending = name.slice(dot).toLowerCase();
  const parts = /^(.*?)\d+(\D*)$/s.exec(name.slice(0, dot));
  return dot > 0 && pictures.has(ending) && parts ? JSON.stringify([parts[1], parts[2], ending]) : null;
}

// Returns lists of files: those of one sequence together, every other one alone.
function grouped(files) {
  const groups = new Map();
  for (const file of files) {
    const key = sequenceOf(file.name) ?? file;
    if (groups.has(key)) groups.get(key).push(file);
    else groups.set(key, [file]);
  }
  return groups.values();
}

function take(files) {
  waiting.push(...grouped(files));
  for (let number = 0; number < AT_ONCE; number += 1) next();
}

const drop = document.getElementById("drop");
for (const kind of ["dragenter", "dragover"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  take(event.dataTransfer.files);
});
document.getElementById("files").addEventListener("change", (event) => {
  take(event.target.files);
  event.target.value = "";
});

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
  const list = document.getElementById("clips");
  const wanted = clips.map((clip) => cards.get(clip.number).root);
  if (wanted.some((card, index) => card !== list.children[index]) ||
      wanted.length !== list.children.length) list.replaceChildren(...wanted);
  document.getElementById("no-clips").hidden = clips.length > 0;
  return clips.some((clip) => clip.state === "looking" || clip.state === "arriving") ? 700 : 3000;
});
showJobs({});
