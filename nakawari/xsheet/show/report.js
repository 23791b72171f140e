"use strict";
// Zoom, the frame under the pointer, and which shot is in view. Without it the page still reads.

const data = JSON.parse(document.getElementById("data").textContent);
const root = document.documentElement;

const zoom = document.getElementById("zoom");
const setFrameWidth = () => root.style.setProperty("--frame", `${zoom.value}px`);
zoom.addEventListener("input", setFrameWidth);
setFrameWidth(); // a reloaded page keeps the slider where it was

const shots = [...document.querySelectorAll(".shot")];
const links = [...document.querySelectorAll(".shots a")];
const watcher = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      links[shots.indexOf(entry.target)].classList.toggle("current", entry.isIntersecting);
    }
  },
  { rootMargin: "-92px 0px -40% 0px" },
);
for (const shot of shots) watcher.observe(shot);

function timecode(frame) {
  const total = Math.round((data.times ? data.times[frame] : frame * data.seconds) * 1000);
  const [minutes, rest] = [Math.floor(total / 60000), total % 60000];
  const seconds = (rest / 1000).toFixed(3).padStart(6, "0");
  if (minutes < 60) return `${minutes}:${seconds}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${seconds}`;
}

const hover = document.createElement("aside");
hover.id = "hover";
hover.hidden = true;
document.body.append(hover);
const cursor = document.createElement("div");
cursor.className = "cursor";

function line(text, kind = "div", name = "") {
  const element = document.createElement(kind);
  element.textContent = text;
  element.className = name;
  return element;
}

function describe(frame, shot, drawing) {
  const parts = [];
  const picture = drawing?.querySelector("img");
  if (picture) {
    const copy = document.createElement("img");
    copy.src = picture.src;
    parts.push(copy);
  }
  parts.push(line(`frame ${frame} · ${timecode(frame)}`, "b"));
  if (drawing) {
    const { start, hold, confidence } = drawing.dataset;
    parts.push(line(frame === +start
      ? `new drawing, held for ${hold} ${hold === "1" ? "frame" : "frames"}`
      : `held: frame ${frame - start + 1} of ${hold}`));
    const unsure = drawing.classList.contains("unsure");
    const percent = Math.floor(confidence * 100 + 1e-9);
    parts.push(line(`confidence ${percent} %${unsure ? ", to check" : ""}`, "div",
      unsure ? "unsure" : ""));
  }
  const isFirst = frame === +shot.dataset.start;
  parts.push(line(isFirst
    ? "first frame of the shot: compared with nothing"
    : `difference ${data.changes[frame]}, threshold ${data.thresholds[frame]}`));
  for (const [start, end, kind] of data.camera) {
    if (start <= frame && frame <= end) parts.push(line(`camera: ${kind}`));
  }
  return parts;
}

function place(x, y) {
  const box = hover.getBoundingClientRect();
  const left = x + 18 + box.width > innerWidth ? x - 18 - box.width : x + 18;
  const top = Math.min(y + 18, innerHeight - box.height - 8);
  hover.style.left = `${Math.max(4, left)}px`;
  hover.style.top = `${Math.max(4, top)}px`;
}

let shown = null;
function hide() {
  hover.hidden = true;
  cursor.remove();
  shown = null;
}

for (const shot of shots) {
  const tracks = shot.querySelector(".tracks");
  const strip = shot.querySelector(".strip");
  const drawings = [...strip.children];
  const start = +shot.dataset.start;
  const frames = +shot.dataset.end - start + 1;
  tracks.addEventListener("pointermove", (event) => {
    const box = strip.getBoundingClientRect();
    const at = Math.floor(((event.clientX - box.left) / box.width) * frames);
    if (event.target.closest(".label") || at < 0 || at >= frames) return hide();
    const frame = start + at;
    if (frame !== shown) {
      shown = frame;
      cursor.style.setProperty("--at", at);
      tracks.append(cursor);
      hover.replaceChildren(...describe(frame, shot,
        drawings.findLast((drawing) => +drawing.dataset.start <= frame)));
      hover.hidden = false;
    }
    place(event.clientX, event.clientY);
  });
  tracks.addEventListener("pointerleave", hide);
}
addEventListener("scroll", hide, { passive: true });
