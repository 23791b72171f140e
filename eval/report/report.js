"use strict";
// The wipe between two pictures of one sample. The pictures are those of the gallery below it;
// without this script the page still reads.

const samples = [...document.querySelectorAll(".sample")].map((section) => ({
  title: section.querySelector("h3").textContent,
  note: section.querySelector("p").textContent,
  pictures: new Map(
    [...section.querySelectorAll("figure")].map((figure) => [
      figure.dataset.name,
      { source: figure.querySelector("img").src, score: figure.dataset.score },
    ]),
  ),
}));

const wipe = document.querySelector(".wipe");
if (wipe && samples.length) {
  const part = (name) => wipe.querySelector(`[data-part="${name}"]`);
  const [sample, left, right, slider, stage] =
    ["sample", "left", "right", "slider", "stage"].map(part);
  const names = [...new Set(samples.flatMap((one) => [...one.pictures.keys()]))];

  const fill = (select, entries) =>
    select.replaceChildren(...entries.map(([text, value]) => new Option(text, value)));
  fill(sample, samples.map((one, index) => [`${index + 1}. ${one.title}`, index]));
  fill(left, names.map((name) => [name, name]));
  fill(right, names.map((name) => [name, name]));
  left.value = wipe.dataset.left;
  right.value = wipe.dataset.right;

  const show = () => {
    const one = samples[sample.value];
    for (const [side, select] of [["left", left], ["right", right]]) {
      const picture = one.pictures.get(select.value);
      const image = stage.querySelector(`img.${side}`);
      image.hidden = !picture;
      if (picture) image.src = picture.source;
      image.alt = select.value;
      stage.querySelector(`.name-${side}`).textContent =
        picture ? select.value : `${select.value}: no picture`;
    }
    const score = (name) => one.pictures.get(name)?.score;
    const scores = [left, right].map((s) => score(s.value) && `${s.value}: ${score(s.value)}`);
    part("note").textContent = [one.note, ...scores.filter(Boolean)].join(" · ");
  };
  const move = () => {
    stage.style.setProperty("--at", `${slider.value}%`);
    stage.setAttribute("aria-valuenow", slider.value);
  };
  const step = (by) => {
    sample.value = (+sample.value + by + samples.length) % samples.length;
    show();
  };

  for (const select of [sample, left, right]) select.addEventListener("change", show);
  slider.addEventListener("input", move);
  part("earlier").addEventListener("click", () => step(-1));
  part("later").addEventListener("click", () => step(1));
  part("swap").addEventListener("click", () => {
    [left.value, right.value] = [right.value, left.value];
    show();
  });
  const follow = (event) => {
    const box = stage.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    slider.value = Math.min(100, Math.max(0, 100 * share));
    move();
  };
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    follow(event);
  });
  stage.addEventListener("pointermove", (event) => event.buttons && follow(event));
  show();
  move();
  wipe.hidden = false;
}
