// The ramp as a curve: points to drag, in time and speed; the speed is eased between them.
//
// The easing is that of nakawari/pace.py: smoothstep over the time that a viewer sees pass.

const [WIDTH, HEIGHT] = [400, 150];
const [SLOWEST, FASTEST] = [1 / 32, 4];
const LINES = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2];
const STEPS = 24; // of the curve between two points
const GAP = 0.01; // s between two points, at least

// A number as the server reads it, whole, decimal or a fraction; NaN for any other text.
export function parseNumber(text) {
  const parts = text.split("/");
  if (parts.length > 2 || parts.some((part) => part.trim() === "")) return NaN;
  return Number(parts[0]) / Number(parts[1] ?? 1);
}

// A time [s] as the server reads it: seconds, or hours and minutes before them; NaN for others.
function parseMoment(text) {
  const parts = /^(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:\.\d{1,9})?)$/.exec(text.trim());
  return parts ? 3600 * (parts[1] ?? 0) + 60 * (parts[2] ?? 0) + Number(parts[3]) : NaN;
}

export function parseRamp(text) {
  const points = text.split(",").map((word) => {
    const colon = word.lastIndexOf(":");
    return [parseMoment(word.slice(0, Math.max(colon, 0))), parseNumber(word.slice(colon + 1))];
  });
  const fine = points.every(([time, speed], index) => time >= 0 && speed > 0 &&
    Number.isFinite(speed) && (index === 0 || time > points[index - 1][0]));
  return fine && points.length ? points.map(([time, speed]) => ({ time, speed })) : null;
}

export function rampText(points) {
  const short = (value) => String(+value.toFixed(3));
  return points.map(({ time, speed }) => `${short(time)}:${short(speed)}`).join(", ");
}

// The speed at a time [s] of the clip.
export function speedAt(points, time) {
  if (time <= points[0].time) return points[0].speed;
  for (let index = 1; index < points.length; index += 1) {
    if (time > points[index].time) continue;
    let [low, high] = [0, 1];
    for (let count = 0; count < 30; count += 1) {
      const middle = (low + high) / 2;
      if (between(points[index - 1], points[index], middle).time < time) low = middle;
      else high = middle;
    }
    return between(points[index - 1], points[index], low).speed;
  }
  return points.at(-1).speed;
}

function between(from, to, w) {
  const change = to.speed - from.speed;
  const duration = (2 * (to.time - from.time)) / (from.speed + to.speed);
  return {
    time: from.time + duration * (from.speed * w + change * (w ** 3 - w ** 4 / 2)),
    speed: from.speed + change * (3 * w ** 2 - 2 * w ** 3),
  };
}

export class RampCurve {
  // `seconds` is the clip's length.
  constructor(svg, input, seconds) {
    this.svg = svg;
    this.input = input;
    this.seconds = seconds;
    this.points = [
      { time: 0, speed: 1 }, { time: seconds / 2, speed: 0.25 }, { time: seconds, speed: 1 }];
    input.value = rampText(this.points);
    input.addEventListener("input", () => {
      const points = parseRamp(input.value);
      input.setAttribute("aria-invalid", String(points === null));
      if (points) {
        this.points = points;
        this.draw();
      }
    });
    svg.addEventListener("dblclick", (event) => this.add(event));
    this.draw();
  }

  x(time) {
    return (WIDTH * time) / this.seconds;
  }

  y(speed) {
    const share = Math.log(speed / SLOWEST) / Math.log(FASTEST / SLOWEST);
    return HEIGHT * (1 - Math.max(0, Math.min(1, share)));
  }

  // The time and the speed at a place of the window.
  at(event) {
    const box = this.svg.getBoundingClientRect();
    const share = 1 - (event.clientY - box.top) / box.height;
    return {
      time: Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * this.seconds,
      speed: SLOWEST * (FASTEST / SLOWEST) ** Math.max(0, Math.min(1, share)),
    };
  }

  make(kind, properties) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
    for (const [name, value] of Object.entries(properties)) made.setAttribute(name, value);
    return made;
  }

  draw() {
    const parts = LINES.map((speed) => this.make("line", {
      class: speed === 1 ? "full" : "grid", x1: 0, x2: WIDTH, y1: this.y(speed), y2: this.y(speed),
    }));
    parts.push(this.make("path", { class: "curve-line", d: this.path() }));
    for (const [index, point] of this.points.entries()) {
      const text = `${point.speed.toFixed(2)} of full speed at ${point.time.toFixed(2)} s`;
      const dot = this.make("ellipse", { class: "dot", cx: this.x(point.time), cy: this.y(point.speed),
        rx: 6, ry: 6, tabindex: 0, role: "slider", "aria-label": `point ${index + 1}`,
        "aria-valuemin": SLOWEST, "aria-valuemax": FASTEST, "aria-valuenow": point.speed,
        "aria-valuetext": text });
      const title = this.make("title", {});
      title.textContent = text;
      dot.append(title);
      this.holdable(dot, index);
      parts.push(dot);
    }
    this.svg.replaceChildren(...parts);
    this.round();
  }

  // The drawing is stretched to its box; the dots stay round.
  round() {
    const box = this.svg.getBoundingClientRect();
    if (!box.width) return;
    const ratio = (box.height / HEIGHT) / (box.width / WIDTH);
    for (const dot of this.svg.querySelectorAll(".dot")) dot.setAttribute("rx", 6 * ratio);
  }

  path() {
    const [first, last] = [this.points[0], this.points.at(-1)];
    let path = `M0 ${this.y(first.speed)}`;
    for (const [index, point] of this.points.entries()) {
      if (index === 0) path += `L${this.x(point.time)} ${this.y(point.speed)}`;
      for (let step = 1; index > 0 && step <= STEPS; step += 1) {
        const { time, speed } = between(this.points[index - 1], point, step / STEPS);
        path += `L${this.x(time).toFixed(2)} ${this.y(speed).toFixed(2)}`;
      }
    }
    return `${path}L${WIDTH} ${this.y(last.speed)}`;
  }

  set(index, { time, speed }) {
    const low = index ? this.points[index - 1].time + GAP : 0;
    const high = index + 1 < this.points.length ? this.points[index + 1].time - GAP : this.seconds;
    this.points[index] = {
      time: low > high ? this.points[index].time : Math.max(low, Math.min(high, time)),
      speed: Math.max(SLOWEST, Math.min(FASTEST, speed)),
    };
    this.changed();
    this.svg.querySelectorAll(".dot")[index].focus();
  }

  // Writes the points down, and tells the form, as typing them would.
  changed() {
    this.input.value = rampText(this.points);
    this.input.setAttribute("aria-invalid", "false");
    this.draw();
    this.svg.dispatchEvent(new Event("input", { bubbles: true }));
  }

  add(event) {
    const point = this.at(event);
    if (this.points.some(({ time }) => Math.abs(time - point.time) < GAP)) return;
    this.points = [...this.points, point].sort((a, b) => a.time - b.time);
    this.changed();
  }

  remove(index) {
    if (this.points.length === 1) return;
    this.points.splice(index, 1);
    this.changed();
    this.svg.querySelectorAll(".dot")[Math.min(index, this.points.length - 1)].focus();
  }

  holdable(dot, index) {
    dot.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const move = (moved) => this.set(index, this.at(moved));
      const end = () => {
        removeEventListener("pointermove", move);
        removeEventListener("pointerup", end);
        removeEventListener("pointercancel", end);
      };
      addEventListener("pointermove", move);
      addEventListener("pointerup", end);
      addEventListener("pointercancel", end);
    });
    dot.addEventListener("keydown", (event) => {
      const { time, speed } = this.points[index];
      const ways = {
        ArrowUp: { time, speed: speed * 1.1 },
        ArrowDown: { time, speed: speed / 1.1 },
        ArrowLeft: { time: time - this.seconds / 100, speed },
        ArrowRight: { time: time + this.seconds / 100, speed },
      };
      if (event.key === "Delete" || event.key === "Backspace") this.remove(index);
      else if (ways[event.key]) this.set(index, ways[event.key]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}

