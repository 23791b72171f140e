// Takes: marks in the timeline where seeds disagree, and a panel to choose one, side by side.

import { call, element, say } from "./api.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");

// "take 1" is drawn by the first seed.
const named = (index) => `take ${index + 1}`;

export class Takes {
  // `editor` corrects the sheet; `number` is the clip's.
  constructor(editor, number) {
    this.editor = editor;
    this.number = number;
    this.intervals = [];
    this.shown = null; // the interval in the panel
    this.playing = !calm.matches;
    this.panel = document.getElementById("takes-panel");
    this.list = document.getElementById("takes-list");
    const buttons = {
      "takes-before": () => this.go(-1),
      "takes-next": () => this.go(1),
      "takes-play": () => this.setPlaying(!this.playing),
      "takes-close": () => this.close(),
    };
    for (const [id, act] of Object.entries(buttons)) {
      document.getElementById(id).addEventListener("click", act);
    }
    editor.onChange = () => this.load();
    this.load();
  }

  // Looks what there is to choose from.
  async load() {
    try {
      this.intervals = await call("GET", `/api/clips/${this.number}/takes`);
    } catch (error) {
      say(error.message);
      return;
    }
    this.mark();
    if (this.shown) this.show(this.same(this.shown) ?? null);
  }

  same({ start, next }) {
    return this.intervals.find((one) => one.start === start && one.next === next);
  }

  words(interval) {
    const index = interval.takes.findIndex((take) => take.seed === interval.chosen);
    const chosen = interval.chosen === null ? "to check"
      : index < 0 ? `seed ${interval.chosen} is kept` : `${named(index)} is kept`;
    return `frames ${interval.start} to ${interval.next}, ${chosen}`;
  }

  // Puts a row with a button for each interval into the shots that have some.
  mark() {
    const focused = document.activeElement?.dataset?.take;
    for (const old of document.querySelectorAll(".takes-row")) old.remove();
    for (const interval of this.intervals) {
      const shot = this.editor.shotAt(interval.start);
      const tracks = shot.querySelector(".tracks");
      let row = tracks.querySelector(".track.takes-row");
      if (!row) {
        row = element("div", { className: "track takes-row" });
        tracks.querySelector(".strip").after(
          element("div", { className: "label takes-row", textContent: "takes" }), row);
      }
      const key = `${interval.start}-${interval.next}`;
      const button = element("button", {
        type: "button",
        className: interval.chosen === null ? "take-mark" : "take-mark kept",
        title: `takes of ${this.words(interval)} (T)`,
        "aria-label": `takes of ${this.words(interval)}`,
        "data-take": key,
        onclick: () => this.open(interval),
      }, element("span", { textContent: interval.chosen === null ? "?" : "✓", "aria-hidden": "true" }));
      button.style.setProperty("--at", interval.start - shot.dataset.start);
      button.style.setProperty("--hold", interval.next - interval.start);
      row.append(button);
      if (key === focused) button.focus({ preventScroll: true });
    }
  }

  open(interval) {
    this.editor.player.go(interval.start);
    this.show(this.same(interval) ?? null);
    this.panel.scrollIntoView({ block: "nearest" });
    document.getElementById("takes-title").focus({ preventScroll: true });
  }

  // Opens the next interval after the playhead that nobody has chosen for; or the next of all.
  openNext() {
    if (!this.intervals.length) {
      say("there are no takes to choose from; slow the clip down with two takes or more");
      return;
    }
    const at = this.shown ? this.shown.start : this.editor.player.frame - 1;
    const open = this.intervals.filter((one) => one.chosen === null);
    const among = open.length ? open : this.intervals;
    this.open(among.find((one) => one.start > at) ?? among[0]);
  }

  go(way) {
    const now = this.intervals.indexOf(this.same(this.shown));
    const count = this.intervals.length;
    this.open(this.intervals[(now + way + count) % count]);
  }

  close() {
    const { start, next } = this.shown ?? {};
    this.show(null);
    document.querySelector(`[data-take="${start}-${next}"]`)?.focus();
  }

  // Fills the panel; the clips of an interval that is shown already go on.
  show(interval) {
    const isSame = interval && this.shown && this.list.dataset.key === this.key(interval);
    this.shown = interval;
    this.panel.hidden = !interval;
    if (!interval) {
      this.list.replaceChildren();
      delete this.list.dataset.key;
      return;
    }
    const place = `${this.intervals.indexOf(interval) + 1} of ${this.intervals.length}`;
    document.getElementById("takes-title").textContent =
      `Takes of frames ${interval.start} to ${interval.next}`;
    document.getElementById("takes-where").textContent =
      `${place}, spread ${interval.spread.toFixed(1)}`;
    if (!isSame) {
      this.list.dataset.key = this.key(interval);
      this.list.replaceChildren(...interval.takes.map((take, index) => this.item(take, index)));
      this.setPlaying(this.playing);
    }
    for (const [index, item] of [...this.list.children].entries()) {
      const kept = interval.takes[index].seed === interval.chosen;
      const button = item.querySelector("button");
      button.setAttribute("aria-pressed", String(kept));
      button.textContent = kept ? "Kept" : "Keep";
      item.classList.toggle("kept", kept);
    }
  }

  key(interval) {
    return interval.takes.map((take) => take.url).join(" ");
  }

  item(take, index) {
    const video = element("video", { src: take.url, muted: true, loop: true, playsInline: true,
      preload: "auto", tabIndex: -1, "aria-label": named(index) });
    const button = element("button", { type: "button",
      title: `keep ${named(index)}, or take that back (${index + 1})`,
      "aria-label": `keep ${named(index)}`, onclick: () => this.keep(index) });
    video.addEventListener("click", () => this.keep(index));
    video.addEventListener("loadedmetadata", () => this.setPlaying(this.playing));
    return element("li", {}, video,
      element("p", {}, element("b", { textContent: named(index) }),
        element("span", { className: "quiet", textContent: ` seed ${take.seed}` })), button);
  }

  // Plays all takes from the start, together; or shows the middle of each.
  setPlaying(playing) {
    this.playing = playing;
    document.getElementById("takes-play").textContent = playing ? "Pause" : "Play";
    for (const video of this.list.querySelectorAll("video")) {
      if (!video.readyState) continue;
      video.currentTime = playing ? 0 : video.duration / 2;
      if (playing) video.play().catch(() => {});
      else video.pause();
    }
  }

  // Keeps a take in the sheet; the one that is kept already is taken out of it again.
  async keep(index) {
    const take = this.shown?.takes[index];
    if (!take) return;
    const { start, next, chosen } = this.shown;
    const seed = take.seed === chosen ? null : take.seed;
    await this.editor.correct(() => ({ kind: "take", frame: start, next, seed }));
    const after = this.same({ start, next });
    if ((after?.chosen ?? null) !== seed) return;
    say(seed === null ? `no take is kept for frames ${start} to ${next}`
      : `${named(index)} is kept for frames ${start} to ${next}; slow the clip down to have it`);
  }
}
