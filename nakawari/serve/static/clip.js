// The page of one clip: viewer, settings, results, and the sheet to correct.

import { call, element, say } from "./api.js";
import { Editor } from "./editor.js";
import { showJobs } from "./jobs.js";
import { Player } from "./player.js";
import { RampCurve, parseNumber, parseRamp, rampText, speedAt } from "./ramp.js";
import { Takes } from "./takes.js";
import { frameTime } from "./timeline.js";

const get = (id) => document.getElementById(id);
const clip = JSON.parse(get("clip").textContent);
const data = JSON.parse(get("data").textContent);
const inputRate = get("input-rate")?.defaultValue ?? ""; // of a sequence of pictures
const fields = ["factor", "ramp", "rate", "codec", "model", "takes", "holds", "audio"];
const seconds = data.times ? data.times[clip.frames] : clip.frames * data.seconds;

let editor = null;
const player = new Player(data, clip.frames, (frame) => {
  editor?.showFrame(frame);
  remember();
});
editor = new Editor(player, clip);
const takes = new Takes(editor, clip.number);
const curve = new RampCurve(get("curve"), get("ramp"), seconds);

// What a reload would lose is kept in the browser: settings, and where the playhead is.
const KEPT = `nakawari ${clip.number}`;

function remember() {
  const kept = { frame: player.frame, ramped: isRamp(), inputRate };
  for (const id of [...fields, "first", "last"]) kept[id] = get(id).value;
  try { localStorage.setItem(KEPT, JSON.stringify(kept)); } catch { /* full, or forbidden */ }
}

function recall() {
  let kept;
  try { kept = JSON.parse(localStorage.getItem(KEPT)); } catch { kept = null; }
  if (!kept) return;
  for (const id of [...fields, "first", "last"]) if (kept[id] !== undefined) get(id).value = kept[id];
  get("ramp").value = atThisRate(get("ramp").value, kept.inputRate);
  get("ramp").dispatchEvent(new Event("input"));
  if (kept.ramped) document.querySelector('[name="pace"][value="ramp"]').checked = true;
  player.go(kept.frame);
}

// The ramp of the same frames, where the pictures are shown at another rate since it was kept.
function atThisRate(text, before) {
  const points = parseRamp(text);
  if (!points || !before || before === inputRate) return text;
  const longer = parseNumber(before) / parseNumber(inputRate);
  return rampText(points.map(({ time, speed }) => ({ time: time * longer, speed })));
}

function isRamp() {
  return document.querySelector('[name="pace"]:checked').value === "ramp";
}

function showPace() {
  get("factor").hidden = isRamp();
  get("ramp-box").hidden = !isRamp();
  if (isRamp()) curve.draw();
}

// Only Nakawari's own model leaves anything to chance. Comparing a take of an interval costs a tenth
// of drawing it, see docs/outputs.md.
function showTakes() {
  const [select, cost] = [get("takes"), get("takes-cost")];
  select.disabled = get("model").value !== "";
  cost.hidden = select.disabled || select.value === "1";
  cost.textContent = `takes about a tenth longer for each take; where they differ, all ${select.value} are drawn`;
}

function number(id) {
  const text = get(id).value.trim();
  return text === "" ? null : Number.isInteger(+text) ? +text : text;
}

function wish() {
  const wanted = { first: number("first"), last: number("last"), input_rate: inputRate };
  for (const id of fields) wanted[id] = get(id).value;
  if (isRamp()) wanted.factor = "";
  else wanted.ramp = "";
  if (get("takes").disabled) wanted.takes = "";
  return wanted;
}

async function order(event) {
  event.preventDefault();
  const rate = get("input-rate");
  if (rate && rate.value !== rate.defaultValue) return; // it is about to change
  get("order-error").textContent = "";
  try {
    await call("POST", `/api/clips/${clip.number}/jobs`, wish());
    say("it is in the queue");
    lookAgain();
  } catch (error) {
    get("order-error").textContent = error.message;
  }
}

// Times of a ramp are counted from where the part begins.
function factorHere() {
  if (!isRamp()) return parseNumber(get("factor").value.trim() || "4");
  const begin = frameTime(data, number("first") || 0);
  return 1 / speedAt(curve.points, frameTime(data, player.frame) - begin);
}

// How many pictures of a sequence are shown a second: the page is made anew for another rate.
async function changeRate(field) {
  get("order-error").textContent = "";
  try {
    await call("POST", `/api/clips/${clip.number}/rate`, { rate: field.value });
    say("the pictures are read again");
    let now;
    do {
      await new Promise((resolve) => { setTimeout(resolve, 300); });
      now = (await call("GET", "/api/clips")).find((one) => one.number === clip.number);
    } while (now?.state === "looking");
    if (now?.state === "ready" && now.reason) throw new Error(now.reason);
    location.reload();
  } catch (error) {
    field.value = field.defaultValue;
    get("order-error").textContent = error.message;
  }
}

let previewing = 0;

async function preview() {
  const turn = ++previewing;
  get("order-error").textContent = "";
  try {
    const body = { frame: player.frame, factor: factorHere(), model: get("model").value };
    const begun = await call("POST", `/api/clips/${clip.number}/preview`, body);
    say("the second around the playhead is drawn");
    get("stage").scrollIntoView({ block: "nearest" });
    watchPreview(turn, begun).catch((error) => {
      if (turn !== previewing) return;
      get("drawing").hidden = true;
      say(error.message);
    });
  } catch (error) {
    get("order-error").textContent = error.message;
  }
}

async function watchPreview(turn, begun) {
  const drawing = get("drawing");
  while (turn === previewing) {
    const job = await call("GET", `/api/previews/${begun.number}`);
    if (turn !== previewing) return;
    if (job.state === "done") {
      drawing.hidden = true;
      offer({ name: "preview", url: `/previews/${begun.number}/video`, ...begun }, "preview");
      return;
    }
    if (job.state !== "waiting" && job.state !== "running") {
      drawing.hidden = true;
      if (job.reason) say(job.reason);
      return;
    }
    if (job.stage === "drawing") {
      drawing.src = `/previews/${begun.number}/frame.jpg?${job.done}`;
      drawing.hidden = false;
    }
    await new Promise((resolve) => { setTimeout(resolve, 250); });
  }
}

const results = new Map();

// Adds a result to what can be shown, and shows it.
function offer(result, key) {
  results.set(key, result);
  const select = get("compare");
  if (![...select.options].some((option) => option.value === key)) {
    select.append(element("option", { value: key, textContent: result.name }));
  }
  select.value = key;
  player.compare(result);
}

async function compare(job) {
  const key = `job ${job.number}`;
  if (!results.has(key)) {
    try {
      const map = await call("GET", `/api/jobs/${job.number}/frames`);
      offer({ name: job.output, url: `/jobs/${job.number}/video`, ...map }, key);
    } catch (error) {
      say(error.message);
      return;
    }
  } else offer(results.get(key), key);
  get("stage").scrollIntoView({ block: "nearest" });
}

let compared = 0; // jobs that have left takes

function seeTakes(jobs) {
  const now = jobs.filter((job) => job.state === "done" && job.takes > 1).length;
  if (now === compared) return;
  compared = now;
  takes.load();
}

const lookAgain = showJobs({
  clip: clip.number,
  on: seeTakes,
  more: (job) => [element("button", { textContent: "Compare",
    "aria-label": `compare ${job.output} with the clip`, onclick: () => compare(job) })],
});

function setPart(id) {
  get(id).value = player.frame;
  remember();
  say(id === "first" ? `the part begins at frame ${player.frame}` : `it ends at ${player.frame}`);
}

const keys = {
  " ": () => player.toggle(),
  ArrowLeft: () => player.step(-1),
  ArrowRight: () => player.step(1),
  "Ctrl ArrowLeft": () => editor.jump(-1),
  "Ctrl ArrowRight": () => editor.jump(1),
  "Shift ArrowLeft": () => editor.nudge(-1),
  "Shift ArrowRight": () => editor.nudge(1),
  Home: () => player.go(0),
  End: () => player.go(clip.frames - 1),
  s: () => editor.split(),
  m: () => editor.merge(),
  c: () => editor.cut(),
  i: () => setPart("first"),
  o: () => setPart("last"),
  p: () => preview(),
  t: () => takes.openNext(),
  Escape: () => takes.close(),
  "Ctrl z": () => editor.change("undo"),
  "Ctrl y": () => editor.change("redo"),
  "Ctrl Shift z": () => editor.change("redo"),
};

for (let index = 0; index < 9; index += 1) keys[index + 1] = () => takes.keep(index);

addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=range]):not([type=radio]), select, textarea");
  const pressing = event.key === " " && event.target.closest("button, a, summary, input");
  const sliding = event.target.closest("input[type=range], input[type=radio]") &&
    event.key.startsWith("Arrow");
  if (typing || pressing || sliding || event.altKey) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const name = `${event.ctrlKey || event.metaKey ? "Ctrl " : ""}${event.shiftKey ? "Shift " : ""}`;
  const act = keys[name + key];
  if (!act) return;
  event.preventDefault();
  act();
});

get("order").addEventListener("submit", order);
get("order").addEventListener("input", () => { showPace(); showTakes(); remember(); });
get("preview").addEventListener("click", preview);
get("input-rate")?.addEventListener("change", (event) => changeRate(event.target));
get("in").addEventListener("click", () => setPart("first"));
get("out").addEventListener("click", () => setPart("last"));
get("compare").addEventListener("change", (event) => {
  player.compare(results.get(event.target.value) ?? null);
});
addEventListener("resize", () => curve.round());
recall();
showPace();
showTakes();
