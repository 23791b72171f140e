// The queue: every job with its state, the time left, and its newest frame.

import { arrange, call, element, repeat, say } from "./api.js";

const BUSY = 700; // ms between two looks while something is drawn
const IDLE = 3000;

const WORDS = { waiting: "waits", running: "", done: "done", failed: "failed", cancelled: "cancelled" };

function timeLeft(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  if (hours) return `${hours} h ${minutes} min left`;
  if (minutes) return `${minutes} min ${whole % 60} s left`;
  return `${whole} s left`;
}

function progressWords(job) {
  if (job.state !== "running") return job.reason ?? WORDS[job.state];
  if (!job.stage) return "begins";
  const of = job.expected === null ? "" : ` of ${job.expected}`;
  const left = job.seconds_left === null ? "" : `, ${timeLeft(job.seconds_left)}`;
  return `${job.stage}, frame ${job.done}${of}${left}`;
}

class JobItem {
  constructor(job, actions) {
    this.picture = element("img", { className: "newest", alt: "", hidden: true });
    this.name = element("b");
    this.what = element("span", { className: "quiet" });
    this.bar = element("progress", { max: 1, "aria-label": `progress of ${job.output}` });
    this.words = element("span", { className: "words" });
    this.buttons = element("span", { className: "buttons" });
    this.root = element("li", { className: "job", "data-number": job.number },
      this.picture,
      element("div", { className: "job-text" }, this.name, this.what, this.bar, this.words),
      this.buttons);
    this.actions = actions;
    this.state = null;
    this.done = -1;
  }

  show(job) {
    this.root.dataset.state = job.state;
    this.name.textContent = job.output;
    this.what.textContent = job.what;
    this.words.textContent = progressWords(job);
    this.bar.hidden = job.state !== "running";
    if (job.expected) this.bar.value = job.done / job.expected;
    else this.bar.removeAttribute("value");
    if (job.state === "running" && job.stage === "drawing" && job.done !== this.done) {
      this.done = job.done;
      this.refresh(`/jobs/${job.number}/frame.jpg`);
    }
    if (job.state === this.state) return;
    this.state = job.state;
    if (job.state !== "running") this.picture.hidden = true;
    const isFocused = this.buttons.contains(document.activeElement);
    this.buttons.replaceChildren(...this.actions(job));
    if (isFocused) this.buttons.querySelector("button, a")?.focus({ preventScroll: true });
  }

  async refresh(path) {
    const answer = await fetch(path);
    if (answer.status !== 200) return;
    const url = `${path}?${this.done}`;
    const picture = new Image();
    picture.onload = () => {
      if (this.state !== "running") return;
      this.picture.src = url;
      this.picture.alt = `newest frame of ${this.name.textContent}`;
      this.picture.hidden = false;
    };
    picture.src = url;
  }
}

async function cancel(job, again) {
  try {
    await call("POST", `/api/jobs/${job.number}/cancel`);
    say(`${job.output} is cancelled`);
  } catch (error) {
    say(error.message);
  }
  again();
}

// Keeps a list of jobs up to date. `more` gives further buttons for a job; `on` sees all jobs.
export function showJobs({ clip = null, more = () => [], on = () => {} }) {
  const list = document.getElementById("jobs");
  const items = new Map();
  const again = repeat(async () => {
    const all = await call("GET", "/api/jobs");
    const jobs = clip === null ? all : all.filter((job) => job.clip === clip);
    document.getElementById("no-jobs").hidden = jobs.length > 0;
    for (const job of jobs) {
      if (!items.has(job.number)) items.set(job.number, new JobItem(job, actions));
      items.get(job.number).show(job);
    }
    arrange(list, jobs.map((job) => items.get(job.number).root));
    on(jobs);
    return jobs.some((job) => job.state === "running" || job.state === "waiting") ? BUSY : IDLE;
  });

  function actions(job) {
    if (job.state === "waiting" || job.state === "running") {
      return [element("button", { textContent: "Cancel", "aria-label": `cancel ${job.output}`,
        onclick: () => cancel(job, again) })];
    }
    if (!job.is_there) return [];
    return [...more(job), element("a", { className: "button primary", textContent: "Download",
      href: `/jobs/${job.number}/download`, download: "", "aria-label": `download ${job.output}` })];
  }
  return again;
}
