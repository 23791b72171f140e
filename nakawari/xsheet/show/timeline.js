// Zoom, the frame under the pointer, and which shot is in view. Without it the page still reads.
// The page of "nakawari xsheet --html" and that of "nakawari serve" both call showTimeline().

export function timecode(seconds) {
  const total = Math.round(seconds * 1000);
  const [minutes, rest] = [Math.floor(total / 60000), total % 60000];
  const shown = (rest / 1000).toFixed(3).padStart(6, "0");
  if (minutes < 60) return `${minutes}:${shown}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${shown}`;
}

export function frameTime(data, frame) {
  return data.times ? data.times[frame] : frame * data.seconds;
}

// The frame of a shot at a place of the window, or null beside its frames.
export function frameAt(shot, x) {
  const box = shot.querySelector(".strip").getBoundingClientRect();
  const frames = +shot.dataset.end - +shot.dataset.start + 1;
  const at = Math.floor(((x - box.left) / box.width) * frames);
  return at < 0 || at >= frames ? null : +shot.dataset.start + at;
}

function line(text, kind = "div", name = "") {
  const element = document.createElement(kind);
  element.textContent = text;
  element.className = name;
  return element;
}

function describe(data, frame, shot, drawing) {
  const parts = [];
  const picture = drawing?.querySelector("img");
  if (picture) {
    const copy = document.createElement("img");
    copy.src = picture.src;
    parts.push(copy);
  }
  parts.push(line(`frame ${frame} · ${timecode(frameTime(data, frame))}`, "b"));
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

function watchShots() {
  const shots = [...document.querySelectorAll(".shot")];
  const links = [...document.querySelectorAll(".shots a")];
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        const link = links[shots.indexOf(entry.target)];
        link.classList.toggle("current", entry.isIntersecting);
      }
    },
    { rootMargin: "-92px 0px -40% 0px" },
  );
  for (const shot of shots) watcher.observe(shot);
  return watcher;
}

function zoomBy(slider) {
  const set = () => document.documentElement.style.setProperty("--frame", `${slider.value}px`);
  slider.addEventListener("input", set);
  set(); // a reloaded page keeps the slider where it was
}

// Follows the page; returns what is to be called after shots were replaced.
export function showTimeline() {
  const data = JSON.parse(document.getElementById("data").textContent);
  zoomBy(document.getElementById("zoom"));
  let watcher = watchShots();

  const hover = document.createElement("aside");
  hover.id = "hover";
  hover.hidden = true;
  document.body.append(hover);
  const cursor = document.createElement("div");
  cursor.className = "cursor";
  let shown = null;

  function hide() {
    hover.hidden = true;
    cursor.remove();
    shown = null;
  }

  function place(x, y) {
    const box = hover.getBoundingClientRect();
    const left = x + 18 + box.width > innerWidth ? x - 18 - box.width : x + 18;
    const top = Math.min(y + 18, innerHeight - box.height - 8);
    hover.style.left = `${Math.max(4, left)}px`;
    hover.style.top = `${Math.max(4, top)}px`;
  }

  const shots = document.querySelector("main");
  shots.addEventListener("pointermove", (event) => {
    const isPressed = event.pointerType === "touch" || event.buttons > 0;
    const tracks = isPressed ? null : event.target.closest(".tracks");
    const shot = tracks?.closest(".shot");
    const frame = shot && !event.target.closest(".label") ? frameAt(shot, event.clientX) : null;
    if (frame === null || frame === undefined) return hide();
    if (frame !== shown) {
      shown = frame;
      cursor.style.setProperty("--at", frame - shot.dataset.start);
      tracks.append(cursor);
      const drawings = [...shot.querySelector(".strip").children];
      hover.replaceChildren(...describe(data, frame, shot,
        drawings.findLast((drawing) => +drawing.dataset.start <= frame)));
      hover.hidden = false;
    }
    place(event.clientX, event.clientY);
  });
  shots.addEventListener("pointerleave", hide);
  addEventListener("scroll", hide, { passive: true });

  return () => {
    hide();
    watcher.disconnect();
    watcher = watchShots();
  };
}
