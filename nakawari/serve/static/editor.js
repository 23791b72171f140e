// Corrections of the sheet: by mouse and touch on the timeline, by keys, and by buttons.

import { call, element, say } from "./api.js";
import { frameAt, showTimeline } from "./timeline.js";

const NEAR = 6; // px, between pressing and moving

export class Editor {
  // `player` shows the frames; `clip` has the clip's number, frames and cuts.
  constructor(player, clip) {
    this.player = player;
    this.clip = clip;
    this.shots = document.getElementById("shots");
    this.refresh = showTimeline();
    this.playhead = element("div", { className: "playhead", "aria-hidden": "true" });
    this.mark = element("i", { className: "mark", "aria-hidden": "true" });
    this.busy = Promise.resolve();
    this.onChange = () => {}; // is called, and waited for, after each change of the sheet
    this.addEdges(this.shots.children);
    this.drag = null;
    this.listen();
    this.showFrame(0, false);
  }

  get drawings() {
    return [...this.shots.querySelectorAll(".drawing")];
  }

  // The drawing that is shown at a frame.
  drawingAt(frame) {
    const shot = this.shotAt(frame);
    return [...shot.querySelectorAll(".drawing")].findLast((one) => +one.dataset.start <= frame);
  }

  shotAt(frame) {
    return [...this.shots.children].findLast((shot) => +shot.dataset.start <= frame);
  }

  // The drawing before a drawing, also in the shot before.
  before(drawing) {
    if (drawing.previousElementSibling) return drawing.previousElementSibling;
    const shot = drawing.closest(".shot").previousElementSibling;
    return shot?.querySelector(".drawing:last-child") ?? null;
  }

  after(drawing) {
    if (drawing.nextElementSibling) return drawing.nextElementSibling;
    return drawing.closest(".shot").nextElementSibling?.querySelector(".drawing") ?? null;
  }

  addEdges(sections) {
    for (const drawing of [...sections].flatMap((one) => [...one.querySelectorAll(".drawing")])) {
      if (drawing.dataset.start !== "0") {
        drawing.append(element("i", { className: "edge", title: "drag: the drawing begins here" }));
      }
    }
  }

  listen() {
    this.shots.addEventListener("pointerdown", (event) => this.press(event));
    this.shots.addEventListener("pointermove", (event) => this.move(event));
    this.shots.addEventListener("pointerup", (event) => this.release(event));
    this.shots.addEventListener("pointercancel", () => this.letGo());
    this.shots.addEventListener("click", (event) => this.click(event));
    const buttons = {
      undo: () => this.change("undo"),
      redo: () => this.change("redo"),
      split: () => this.split(),
      merge: () => this.merge(),
      cut: () => this.cut(),
      earlier: () => this.nudge(-1),
      later: () => this.nudge(1),
      previous: () => this.jump(-1),
      next: () => this.jump(1),
    };
    for (const [name, act] of Object.entries(buttons)) {
      document.getElementById(name).addEventListener("click", act);
    }
    // Links to a drawing that is to be checked lead the playhead there as well.
    document.addEventListener("click", (event) => {
      const link = event.target.closest('a[href^="#f"]');
      if (link) this.player.go(+link.hash.slice(2));
    });
  }

  press(event) {
    this.justDragged = false;
    const edge = event.target.closest(".edge");
    if (!edge || event.button !== 0) return;
    event.preventDefault();
    const drawing = edge.parentElement;
    const start = +drawing.dataset.start;
    const before = this.before(drawing);
    this.drag = {
      edge, drawing, before, start, to: start,
      x: event.clientX, moved: false,
      width: drawing.getBoundingClientRect().width / +drawing.dataset.hold,
      low: +before.dataset.start + 1,
      high: start + +drawing.dataset.hold - 1,
      sameShot: drawing.previousElementSibling !== null,
    };
    edge.setPointerCapture(event.pointerId);
    edge.classList.add("held");
  }

  move(event) {
    const drag = this.drag;
    if (!drag) return;
    const way = event.clientX - drag.x;
    drag.moved ||= Math.abs(way) >= NEAR;
    const wanted = drag.start + Math.round(way / drag.width);
    const to = Math.max(drag.low, Math.min(drag.high, wanted));
    if (to === drag.to) return;
    drag.to = to;
    this.showDrag();
    this.player.go(to);
  }

  showDrag() {
    const { drawing, before, start, to, sameShot, edge } = this.drag;
    const way = to - start;
    if (sameShot) {
      drawing.style.setProperty("--hold", +drawing.dataset.hold - way);
      before.style.setProperty("--hold", +before.dataset.hold + way);
    } else {
      edge.style.transform = `translateX(calc(${way} * var(--frame)))`;
    }
    edge.dataset.to = to;
  }

  release() {
    const drag = this.drag;
    if (!drag) return;
    const { start, to } = drag;
    if (to === start) this.letGo();
    else {
      drag.edge.classList.remove("held");
      this.drag = null;
      this.correct(() => ({ kind: "move", frame: start, to }));
    }
    this.justDragged = drag.moved;
  }

  letGo() {
    if (!this.drag) return;
    this.drag.to = this.drag.start;
    this.showDrag();
    this.drag.edge.classList.remove("held");
    delete this.drag.edge.dataset.to;
    this.drag = null;
  }

  click(event) {
    if (this.justDragged) {
      this.justDragged = false;
      return;
    }
    const tracks = event.target.closest(".track");
    const shot = tracks?.closest(".shot");
    const frame = shot ? frameAt(shot, event.clientX) : null;
    if (frame !== null) this.player.go(frame);
  }

  split() {
    const { frame } = this.player;
    this.correct(() => ({ kind: "split", frame }));
  }

  merge() {
    this.correct(() => (
      { kind: "merge", frame: +this.drawingAt(this.player.frame).dataset.start }));
  }

  cut() {
    const { frame } = this.player;
    this.correct(() => ({ kind: "cut", frame }));
  }

  nudge(way) {
    this.correct(() => {
      const start = +this.drawingAt(this.player.frame).dataset.start;
      return { kind: "move", frame: start, to: start + way };
    });
  }

  jump(way) {
    const now = this.drawingAt(this.player.frame);
    const there = way > 0 ? this.after(now) : this.player.frame > +now.dataset.start ? now
      : this.before(now);
    if (there) this.player.go(+there.dataset.start);
  }

  correct(wish) {
    return this.change("corrections", wish);
  }

  // One change after another: each is of the sheet that the one before it left, so what is wished
  // is asked only then.
  change(kind, wish = () => ({})) {
    this.busy = this.busy.then(async () => {
      try {
        const wanted = wish();
        const answer = await call("POST", `/api/clips/${this.clip.number}/${kind}`,
          { ...wanted, seen: this.clip.version });
        if (answer.fps !== this.clip.fps) { // all times of this tab are those of another rate
          location.reload();
          return;
        }
        this.apply(answer);
        const isStale = answer.removed === null;
        const frame = isStale ? null : wanted.to ?? wanted.frame ?? null;
        // At once, for a playhead that is moved while `onChange` is waited for must stay there.
        if (frame !== null) this.player.go(frame);
        else this.showFrame(this.player.frame, false);
        if (isStale) say("another tab has changed the sheet; now it is shown as it is, correct it again");
        else this.tell(kind);
        await this.onChange();
      } catch (error) {
        this.restore();
        say(error.message);
      }
    });
    return this.busy;
  }

  restore() {
    for (const drawing of this.drawings) drawing.style.setProperty("--hold", drawing.dataset.hold);
    for (const edge of this.shots.querySelectorAll(".edge")) edge.removeAttribute("style");
  }

  apply(answer) {
    const scrolled = new Map([...this.shots.children].map(
      (shot) => [+shot.dataset.start, shot.querySelector(".scroll").scrollLeft]));
    const stays = this.shots.children;
    const removed = answer.removed ?? stays.length;
    for (let count = 0; count < removed; count += 1) stays[answer.first].remove();
    const made = document.createElement("template");
    made.innerHTML = answer.sections.join("");
    const sections = [...made.content.children];
    this.shots.insertBefore(made.content, stays[answer.first] ?? null);
    this.addEdges(sections);
    for (const shot of sections) {
      shot.querySelector(".scroll").scrollLeft = scrolled.get(+shot.dataset.start) ?? 0;
    }
    const width = document.getElementById("zoom").value;
    const nav = document.createElement("template");
    nav.innerHTML = answer.nav;
    const bar = document.querySelector("#nav .timeline > div");
    bar.replaceWith(nav.content.querySelector(".timeline > div"));
    document.getElementById("zoom").value = width;
    document.getElementById("checks").innerHTML = answer.checks;
    document.getElementById("undo").disabled = !answer.can_undo;
    document.getElementById("redo").disabled = !answer.can_redo;
    this.clip.cuts = answer.cuts;
    this.clip.version = answer.version;
    this.refresh();
  }

  tell(kind) {
    const drawing = this.drawingAt(this.player.frame);
    const { start, hold } = drawing.dataset;
    const what = { undo: "undone", redo: "made again", corrections: "corrected" }[kind];
    say(`${what}; the drawing at frame ${start} is held for ${hold}`);
  }

  // Puts the playhead over a frame, and scrolls it into view.
  showFrame(frame, follow = true) {
    const shot = this.shotAt(frame);
    this.playhead.style.setProperty("--at", frame - shot.dataset.start);
    const tracks = shot.querySelector(".tracks");
    if (this.playhead.parentElement !== tracks) tracks.append(this.playhead);
    const bar = document.querySelector("#nav .timeline > div");
    if (this.mark.parentElement !== bar) bar.append(this.mark);
    this.mark.style.left = `${(100 * (frame + 0.5)) / this.clip.frames}%`;
    const isCut = this.clip.cuts.includes(frame);
    document.getElementById("cut").setAttribute("aria-pressed", String(isCut));
    if (follow) this.follow(shot);
  }

  follow(shot) {
    const scroll = shot.querySelector(".scroll");
    const box = scroll.getBoundingClientRect();
    const at = this.playhead.getBoundingClientRect();
    const gutter = 90;
    if (at.left < box.left + gutter || at.right > box.right - 24) {
      scroll.scrollLeft += at.left - box.left - box.width / 2;
    }
  }
}
