/** Chapter 3: two sliders that move the digit of the pad, and for each network a map of what it reads everywhere. */

import { make } from "./elements.js";
import { showPad } from "./live_pad.js";
import { Reader } from "./reader.js";
import { toMnist } from "./to_mnist.js";

const NETWORKS = { MLP: "mlp", LeNet: "lenet" };
const SIDE = 28; // of the image, in pixels
const FAR = 6; // pixels to each side
const QUIET = 150; // ms after an answer in which no other has come, until the maps are made
const PLACES = Array.from({ length: 2 * FAR + 1 }, (_, i) => i - FAR);
const FOUR = [[[0.42, 0.16], [0.22, 0.58], [0.78, 0.56]], [[0.62, 0.36], [0.58, 0.86]]];

/** The image moved by whole pixels; blank ones come in at the other side, as `shifted` of the chapter does it. */
export function shifted(image, right, down) {
  const moved = new Uint8Array(image.length);
  image.forEach((byte, i) => {
    const [row, column] = [Math.floor(i / SIDE) + down, (i % SIDE) + right];
    if (Math.min(row, column) >= 0 && Math.max(row, column) < SIDE) moved[row * SIDE + column] = byte;
  });
  return moved;
}

/** A slider for one axis. moved(): is called when it has been. */
class Slider {
  constructor(name, towards, moved) {
    this.towards = towards; // in words: of a positive and of a negative number
    this.input = make("input", { type: "range", id: `live-shift-${name}`, min: -FAR, max: FAR, step: 1, value: 0,
      input: () => {
        this.tell();
        moved();
      } });
    this.text = make("output", { for: this.input.id });
    this.element = make("p", { class: "slider" }, make("label", { for: this.input.id }, name), this.input, this.text);
    this.tell();
  }

  get value() {
    return Number(this.input.value);
  }

  set value(value) {
    this.input.value = value;
    this.tell();
  }

  tell() {
    const { value } = this;
    const pixels = `${Math.abs(value)} pixel${Math.abs(value) === 1 ? "" : "s"}`;
    const words = value === 0 ? "in place" : `${pixels} ${this.towards[value > 0 ? 0 : 1]}`;
    this.text.textContent = words;
    this.input.setAttribute("aria-valuetext", words);
  }
}

/** What a network reads at each place, 13 x 13 digits. chosen(right, down): is called with the one that is pressed. */
class AnswerMap {
  constructor(name, chosen) {
    this.name = name;
    this.cells = PLACES.flatMap((down) => PLACES.map((right) =>
      make("span", { class: "place", click: () => chosen(right, down) })));
    this.caption = make("figcaption");
    const grid = make("div", { class: "places", role: "img", "aria-label": `What the ${name} reads at each place` },
      ...this.cells);
    this.element = make("figure", { class: "answer-map" }, this.caption, grid);
  }

  /** answers: a digit for each place, row by row. */
  show(answers) {
    const middle = answers[(answers.length - 1) / 2];
    const same = answers.filter((answer) => answer === middle).length;
    const count = `: reads ${middle} at ${same} of ${answers.length} places`;
    this.caption.replaceChildren(make("strong", {}, this.name), count);
    this.cells.forEach((cell, i) => {
      cell.textContent = answers[i];
      cell.classList.toggle("same", answers[i] === middle);
    });
  }

  mark(right, down) {
    this.cells.forEach((cell, i) => {
      cell.classList.toggle("here", i === (down + FAR) * PLACES.length + right + FAR);
    });
  }
}

const digitOf = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

/** The sliders and the maps below a pad. */
class Shift {
  constructor() {
    const moved = () => this.move();
    this.right = new Slider("Sideways", ["to the right", "to the left"], moved);
    this.down = new Slider("Up and down", ["down", "up"], moved);
    this.waiting = null; // runs out when the maps are to be made
    this.mapped = ""; // the image that they were made of
  }

  /** The image of a drawing, where the sliders say. */
  prepare(...drawing) {
    this.image = toMnist(...drawing);
    return shifted(this.image, this.right.value, this.down.value);
  }

  async attach(place, model) {
    this.model = model;
    const go = (right, down) => {
      this.right.value = right;
      this.down.value = down;
      this.move();
    };
    const { networks: loaded } = await model.reader;
    const networks = [...loaded].filter(([, network]) => network);
    this.maps = networks.map(([name, network]) => [new AnswerMap(name, go), network]);
    this.figures = make("div", { class: "answer-maps" }, ...this.maps.map(([map]) => map.element));
    place.append(make("div", { class: "sliders" }, this.right.element, this.down.element,
      make("button", { type: "button", click: () => go(0, 0) }, "Back to the middle")), this.figures);
    model.on("change:result", () => this.follow());
    this.mark();
  }

  mark() {
    for (const [map] of this.maps) map.mark(this.right.value, this.down.value);
  }

  move() {
    this.mark();
    this.model.draw(this.model.get("drawing").strokes);
  }

  follow() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.map(), QUIET);
  }

  async map() {
    const { image } = this;
    this.figures.hidden = !image.some((byte) => byte > 0);
    if (this.figures.hidden || this.mapped === image.join()) return;
    this.mapped = image.join();
    const images = PLACES.flatMap((down) => PLACES.map((right) => shifted(image, right, down)));
    for (const [map, network] of this.maps) map.show((await network.probabilitiesOf(images)).map(digitOf));
  }
}

const place = document.getElementById("live-shift");
place.classList.add("short");
const shift = new Shift();
const model = showPad(place, {
  names: Object.keys(NETWORKS),
  reader: Reader.load(NETWORKS),
  megabytes: 4,
  prepare: (...drawing) => shift.prepare(...drawing),
});
await shift.attach(place, model);
model.draw(FOUR);
