/** The pictures of a training: curves that grow with its steps, and the weights of its hidden units. */

import { make, makeSvg, say } from "./elements.js";

const [WIDTH, HEIGHT] = [340, 190]; // of a chart, in its own units
const EDGE = { left: 44, right: 40, top: 12, bottom: 30 };
const LEAST_STEPS = 200; // along the axis

/** A line chart over the steps of this run, with that of the run before behind it. */
export class Curve {
  /**
   * title: what stands above it. top: the value at its upper edge; what is higher is cut off. ticks: values with a
   * line, by the words for each. guessing: the value that guessing has. words(value): how any value is written.
   */
  constructor(title, { top, ticks, guessing, words }) {
    Object.assign(this, { title, top, ticks, guessing, words });
    this.points = []; // [step, value] of this run
    this.before = [];
    this.grid = makeSvg("g", { class: "grid" });
    this.faint = makeSvg("path", { class: "before" });
    this.line = makeSvg("path", { class: "line" });
    this.dot = makeSvg("circle", { class: "dot", r: 3.5 });
    this.label = makeSvg("text", { class: "label", "dominant-baseline": "middle" });
    this.svg = makeSvg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
      this.grid, this.faint, this.line, this.dot, this.label);
    this.element = make("figure", { class: "curve" }, make("figcaption", {}, title), this.svg);
    this.draw();
  }

  /** Begin a new line; the old one stays behind it. */
  begin() {
    if (this.points.length > 1) this.before = this.points;
    this.points = [];
    this.draw();
  }

  /** Take a value in; draw() shows it. */
  add(step, value) {
    this.points.push([step, value]);
  }

  draw() {
    const last = Math.max(0, ...[this.points, this.before].map((points) => points.at(-1)?.[0] ?? 0));
    this.steps = Math.max(LEAST_STEPS, LEAST_STEPS * Math.ceil(last / LEAST_STEPS));
    if (this.drawnSteps !== this.steps) this.drawGrid();
    this.faint.setAttribute("d", this.path(this.before));
    this.line.setAttribute("d", this.path(this.points));
    const [end] = this.points.slice(-1);
    for (const part of [this.dot, this.label]) part.toggleAttribute("hidden", !end);
    if (!end) return;
    const [x, y] = this.place(end);
    this.dot.setAttribute("cx", x);
    this.dot.setAttribute("cy", y);
    this.label.setAttribute("x", x + 7);
    this.label.setAttribute("y", y);
    say(this.label, this.words(end[1]));
  }

  drawGrid() {
    this.drawnSteps = this.steps;
    const across = (value, name) => {
      const [, y] = this.place([0, value]);
      return [y, makeSvg("path", { class: name, d: `M ${EDGE.left} ${y} H ${WIDTH - EDGE.right}` })];
    };
    const text = (words, x, y, anchor) => makeSvg("text", { x, y, "text-anchor": anchor }, words);
    const ticks = Object.entries(this.ticks).flatMap(([words, value]) => {
      const [y, line] = across(value, "tick");
      return [line, text(words, EDGE.left - 6, y + 4, "end")];
    });
    const along = [0, this.steps / 2, this.steps].map((step) => {
      const words = step === this.steps ? `step ${step}` : `${step}`;
      return text(words, this.place([step, 0])[0], HEIGHT - EDGE.bottom + 16, "middle");
    });
    const [y, guessing] = across(this.guessing, "guessing");
    this.grid.replaceChildren(...ticks, ...along, guessing, text("guessing", WIDTH - EDGE.right, y - 5, "end"));
  }

  place([step, value]) {
    const share = Math.min(Number.isFinite(value) ? value : this.top, this.top) / this.top;
    const [width, height] = [WIDTH - EDGE.left - EDGE.right, HEIGHT - EDGE.top - EDGE.bottom];
    const [x, y] = [EDGE.left + (width * step) / this.steps, EDGE.top + height * (1 - share)];
    return [Math.round(10 * x) / 10, Math.round(10 * y) / 10];
  }

  path(points) {
    return points.length ? `M ${points.map((point) => this.place(point).join(" ")).join(" L ")}` : "";
  }

  /** Say in words what the picture shows. */
  describe() {
    const [first, last] = [this.points[0], this.points.at(-1)];
    const at = ([step, value]) => `${this.words(value)} at step ${step}`;
    const words = first ? `from ${at(first)} to ${at(last)}` : "nothing yet";
    this.svg.setAttribute("aria-label", `${this.title}: ${words}`);
  }
}

const [SIDE, GAP, COLUMNS] = [28, 2, 6];

/** Pictures of 28 x 28 numbers side by side, drawn to one scale: blue above 0, orange below, and 0 is left clear. */
export class Units {
  constructor(title, description, count) {
    this.count = count;
    const rows = Math.ceil(count / COLUMNS);
    this.canvas = make("canvas", { role: "img", "aria-label": description,
      width: COLUMNS * (SIDE + GAP) - GAP, height: rows * (SIDE + GAP) - GAP });
    this.range = make("span", { class: "range" });
    this.element = make("figure", { class: "units" }, make("figcaption", {}, ...title, " ", this.range), this.canvas);
  }

  /** values: count x 784. */
  show(values) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const context = this.canvas.getContext("2d");
    const picture = context.createImageData(this.canvas.width, this.canvas.height);
    values.forEach((value, i) => {
      const [unit, pixel] = [Math.floor(i / SIDE ** 2), i % SIDE ** 2];
      const x = (unit % COLUMNS) * (SIDE + GAP) + (pixel % SIDE);
      const y = Math.floor(unit / COLUMNS) * (SIDE + GAP) + Math.floor(pixel / SIDE);
      picture.data.set(largest ? colour(value / largest) : PAPER, 4 * (y * picture.width + x));
    });
    context.putImageData(picture, 0, 0);
    say(this.range, largest && Number.isFinite(largest) ? `± ${largest.toPrecision(2)}` : "");
  }

  clear() {
    this.show(new Float32Array(this.count * SIDE ** 2));
  }
}

const PAPER = [128, 128, 128, 28];

/** Red, green, blue and opacity of a number in -1..1, for light and dark pages alike. */
function colour(value) {
  const strength = Math.min(1, 1.3 * Math.abs(value));
  if (strength < 0.05) return PAPER;
  return [...(value > 0 ? [33, 118, 222] : [230, 112, 18]), Math.round(255 * strength)];
}
