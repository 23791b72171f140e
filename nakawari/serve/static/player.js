// The viewer: the clip, and beside it or over it what was made of it, frame for frame together.
//
// The one that is shown leads: without a result the clip plays by itself; with one, the result does,
// and the clip is set to the frame that is shown at the same time of the clip.

import { frameTime, timecode } from "./timeline.js";

export class Player {
  // `onFrame` is called with the clip's frame whenever that changes.
  constructor(data, frames, onFrame) {
    this.data = data;
    this.frames = frames;
    this.onFrame = onFrame;
    this.frame = 0;
    this.index = 0; // of the result's frames
    this.result = null; // { frames: the clip's frame of each of its own, rate, url }
    this.sourceVideo = document.getElementById("source");
    this.resultVideo = document.getElementById("result");
    this.stage = document.getElementById("stage");
    this.playButton = document.getElementById("play");
    this.playButton.addEventListener("click", () => this.toggle());
    document.getElementById("back").addEventListener("click", () => this.step(-1));
    document.getElementById("forth").addEventListener("click", () => this.step(1));
    for (const video of [this.sourceVideo, this.resultVideo]) {
      for (const kind of ["play", "pause", "ended"]) {
        video.addEventListener(kind, () => this.showPlaying());
      }
      this.follow(video);
    }
    this.wipe();
    this.tell();
  }

  get leader() {
    return this.result ? this.resultVideo : this.sourceVideo;
  }

  // The middle of the time for which a frame is shown: no rounding can lead to its neighbours.
  middle(frame) {
    const start = frameTime(this.data, frame);
    const end = this.data.times ? this.data.times[frame + 1] : start + this.data.seconds;
    return (start + end) / 2;
  }

  frameAtTime(seconds) {
    if (!this.data.times) return Math.floor(seconds / this.data.seconds + 1e-3);
    let low = 0;
    let high = this.frames - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.data.times[middle] <= seconds + 1e-4) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // Notes each frame that a video really shows.
  follow(video) {
    if (!video.requestVideoFrameCallback) {
      video.addEventListener("timeupdate", () => this.shown(video, video.currentTime));
      return;
    }
    const next = () => video.requestVideoFrameCallback((_, frame) => {
      this.shown(video, frame.mediaTime);
      next();
    });
    next();
  }

  shown(video, time) {
    if (video !== this.leader || video.paused) return;
    if (this.result) this.setIndex(Math.floor(time * this.result.rate + 1e-3), false);
    else this.setFrame(this.frameAtTime(time));
  }

  setFrame(frame) {
    this.frame = Math.max(0, Math.min(this.frames - 1, frame));
    this.tell();
    this.onFrame(this.frame);
  }

  setIndex(index, seek = true) {
    this.index = Math.max(0, Math.min(this.result.frames.length - 1, index));
    const frame = this.result.frames[this.index];
    if (seek) this.resultVideo.currentTime = (this.index + 0.5) / this.result.rate;
    if (frame !== this.frame || seek) {
      this.sourceVideo.currentTime = this.middle(frame);
    }
    this.setFrame(frame);
  }

  // Shows a frame of the clip, and of the result the first that shows its time.
  go(frame) {
    const wanted = Math.max(0, Math.min(this.frames - 1, frame));
    this.pause();
    const index = this.result ? this.result.frames.findIndex((one) => one >= wanted) : -1;
    if (index >= 0) {
      this.setIndex(index);
      if (this.frame === wanted) return;
    }
    this.sourceVideo.currentTime = this.middle(wanted);
    this.setFrame(wanted);
  }

  step(count) {
    if (!this.result) return this.go(this.frame + count);
    this.pause();
    this.setIndex(this.index + count);
  }

  toggle() {
    const video = this.leader;
    if (!video.paused) return this.pause();
    if (this.result && this.index >= this.result.frames.length - 1) this.setIndex(0);
    if (!this.result && this.frame >= this.frames - 1) this.go(0);
    video.play().catch(() => {});
  }

  pause() {
    this.resultVideo.pause();
    this.sourceVideo.pause();
  }

  showPlaying() {
    const playing = !this.leader.paused && !this.leader.ended;
    this.playButton.textContent = playing ? "❚❚" : "▶";
    this.playButton.setAttribute("aria-label", playing ? "pause" : "play");
    // A screen reader tells each frame that one steps to, and not those that play.
    document.getElementById("where").setAttribute("aria-live", playing ? "off" : "polite");
  }

  // Shows a result beside the clip; null: the clip alone.
  compare(result) {
    this.pause();
    this.result = result;
    if (result) {
      this.resultVideo.muted = false;
      this.resultVideo.src = result.url;
      this.resultVideo.addEventListener("loadedmetadata", () => this.go(this.frame), { once: true });
    } else {
      this.resultVideo.removeAttribute("src");
      this.resultVideo.load();
    }
    this.showLayout();
    this.tell();
  }

  showLayout() {
    const layout = document.getElementById("layout").value;
    this.stage.dataset.mode = this.result ? layout : "source";
    document.getElementById("layout-label").hidden = !this.result;
    document.getElementById("wipe-label").hidden = !this.result || layout !== "wipe";
  }

  wipe() {
    const slider = document.getElementById("wipe");
    const set = () => this.stage.style.setProperty("--wipe", `${slider.value}%`);
    slider.addEventListener("input", set);
    set();
    document.getElementById("layout").addEventListener("change", () => this.showLayout());
    let held = false;
    const move = (event) => {
      const box = this.stage.getBoundingClientRect();
      slider.value = Math.round((100 * (event.clientX - box.left)) / box.width);
      set();
    };
    this.stage.addEventListener("pointerdown", (event) => {
      if (this.stage.dataset.mode !== "wipe") return;
      held = true;
      this.stage.setPointerCapture(event.pointerId);
      move(event);
    });
    this.stage.addEventListener("pointermove", (event) => { if (held) move(event); });
    for (const kind of ["pointerup", "pointercancel"]) {
      this.stage.addEventListener(kind, () => { held = false; });
    }
  }

  tell() {
    const time = timecode(frameTime(this.data, this.frame));
    const more = this.result
      ? ` · result ${this.index} of ${this.result.frames.length}` : "";
    document.getElementById("where").textContent = `${time} · frame ${this.frame}${more}`;
  }
}
