/**
 * The page of "Train it yourself": what is pressed, and what is seen. The training itself is on another thread, in
 * training_worker.js, and takes a step when it is asked for one, so it never runs ahead of the pictures.
 */

import { make, say } from "./elements.js";
import { BUGS, NAMES } from "./network.js";
import { TrainedPad } from "./trained_pad.js";
import { Curve, Units } from "./training_pictures.js";
import { SHOWN } from "./training.js";
import { startWorker } from "./worker.js";

const RATES = [0.01, 0.03, 0.1, 0.3, 0.5, 1, 1.5, 2, 3, 10];
const SCALES = [0.001, 0.01, 0.03, null, 0.2, 0.5, 1]; // null: sqrt(2 / inputs)
const [RATE, SCALE] = [0.5, null]; // to begin with
const LOSS_TICKS = { 0: 0, 1: 1, 2: 2, 3: 3, 4: 4 };
const SHARE_TICKS = { "0 %": 0, "25 %": 0.25, "50 %": 0.5, "75 %": 0.75, "100 %": 1 };
const EPOCHS = 10; // of one press of Play
const RIGHT = 1e-4; // relative differences below this are rounding, as in the chapter
const BUG_WORDS = {
  relu: ["S₁ = S₂ W₂", "ReLU lets every error through"],
  sign: ["S₂ = T − P", "the wrong way round: each step leads uphill"],
  last: ["b = S", "where += belongs: only the last image of a batch counts for the biases"],
  misprint: ["S₂ᵀ A₂", "the walkthrough’s misprint; its A₂ is P"],
};

const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;
const lossWords = (loss) => (loss < 100 ? loss.toFixed(2) : loss.toPrecision(3));

/** A slider over the given choices, which says its choice in words. */
class Choice {
  constructor(id, title, choices, chosen, words, changed) {
    this.choices = choices;
    this.words = words;
    this.input = make("input", { type: "range", id, min: 0, max: choices.length - 1, step: 1, input: () => this.tell(),
      change: () => changed(this.value) });
    this.input.value = choices.indexOf(chosen);
    this.output = make("output", { for: id });
    this.element = make("div", { class: "choice" }, make("label", { for: id }, title), this.output, this.input);
    this.tell();
  }

  get value() {
    return this.choices[this.input.value];
  }

  tell() {
    say(this.output, this.words(this.value));
    this.input.setAttribute("aria-valuetext", this.words(this.value));
  }
}

/** The switches that plant bugs, and the table of the check. changed(bugs): is called when one is switched. */
class Bugs {
  constructor(changed) {
    const change = () => changed(this.planted);
    this.boxes = BUGS.map((bug) => make("input", { type: "checkbox", value: bug, change }));
    const labels = this.boxes.map((box) => {
      const [formula, meaning] = BUG_WORDS[box.value];
      return make("label", {}, box, make("span", {}, make("strong", {}, formula), ` ${meaning}`));
    });
    this.verdict = make("p", { class: "verdict", role: "status" });
    this.rows = make("tbody");
    const heads = ["", "shape", "difference", ""].map((head) => make("th", { scope: "col" }, head));
    this.table = make("table", {}, make("caption", {}, "Check: each gradient against finite differences, with 64 bits"),
      make("thead", {}, make("tr", {}, ...heads)), this.rows);
    this.element = make("div", { class: "bugs" },
      make("fieldset", {}, make("legend", {}, "Plant a bug"), ...labels),
      make("div", { class: "check" }, this.table, this.verdict));
  }

  get planted() {
    return this.boxes.filter(({ checked }) => checked).map(({ value }) => value);
  }

  get isShown() {
    return this.rows.childElementCount > 0;
  }

  wait() {
    this.table.setAttribute("aria-busy", "true");
  }

  /** checked: of checkGradients in network.js. */
  show(checked) {
    this.table.removeAttribute("aria-busy");
    const isRight = ({ difference }) => difference !== null && difference < RIGHT;
    this.rows.replaceChildren(...checked.map((row) => {
      const difference = row.difference === null ? `${row.found} does not fit` : row.difference.toExponential(1);
      return make("tr", { class: isRight(row) ? "right" : "wrong" }, make("th", { scope: "row" }, row.name),
        make("td", {}, row.shape), make("td", {}, difference), make("td", {}, isRight(row) ? "✓ right" : "✗ wrong"));
    }));
    const wrong = checked.filter((row) => !isRight(row)).map(({ name }) => name);
    say(this.verdict, this.words(wrong));
  }

  words(wrong) {
    if (!wrong.length) return "All four gradients are right.";
    if (wrong.length === NAMES.length) return "All four gradients are wrong.";
    if (wrong.length === 1) return `The gradient of ${wrong} is wrong.`;
    return `The gradients of ${wrong.join(", ").replace(/, (\w+)$/, " and $1")} are wrong.`;
  }
}

export class TrainingPage {
  /** ask: of startWorker. digits: {source, train, valid}, the numbers of images. */
  constructor(ask, digits) {
    Object.assign(this, { ask, digits });
    this.run = 0; // counts the beginnings: what comes late from an earlier one is not shown
    this.playing = false;
    this.diverged = false;
    this.seen = null; // what there was to show last
    this.accuracy = 0; // when it was counted last
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.make();
  }

  static async load() {
    const ask = startWorker("training_worker.js", "this browser cannot run the training: take a newer one");
    return new TrainingPage(ask, await ask("load", SCALE));
  }

  make() {
    const others = `${this.digits.valid.toLocaleString("en")} other digits`;
    this.makeControls();
    this.makePictures(others);
    this.bugs = new Bugs((planted) => this.check(planted));
    this.pad = new TrainedPad((image) => this.ask("read", image));
    const pictures = [this.loss, this.right, this.weights, this.gradients].map(({ element }) => element);
    this.element = make("div", { class: "training", role: "group", "aria-label": "A network that learns on this page" },
      make("div", { class: "buttons" }, this.playButton, this.stepButton, this.againButton),
      make("div", { class: "choices" }, this.rate.element, this.scale.element),
      make("div", { class: "words" }, this.now, this.said),
      make("div", { class: "pictures" }, ...pictures),
      this.bugs.element,
      make("p", {}, make("strong", {}, "Draw a digit"),
        " for the network as it is now. While it learns, its answer changes."),
      this.pad.element,
      this.note(others));
  }

  makeControls() {
    const button = (name, text, act) => make("button", { type: "button", class: name, click: act }, text);
    this.playButton = button("play", "Play", () => (this.playing ? this.pause() : this.play()));
    this.stepButton = button("step", "One step", () => this.oneStep());
    this.againButton = button("again", "Start again", () => this.begin());
    this.rate = new Choice("training-rate", "Learning rate", RATES, RATE, (rate) => `${rate}`, () => {});
    this.scale = new Choice("training-scale", "First weights", SCALES, SCALE,
      (scale) => (scale === null ? "N(0, √(2/inputs))" : `N(0, ${scale})`), () => this.begin());
    this.now = make("p", { class: "now" });
    this.said = make("p", { class: "said", role: "status" });
  }

  makePictures(others) {
    this.loss = new Curve("Loss of the batch, per image",
      { top: 4, ticks: LOSS_TICKS, guessing: Math.LN10, words: lossWords });
    this.right = new Curve(`Right, of ${others}`, { top: 1, ticks: SHARE_TICKS, guessing: 0.1, words: percent });
    const units = `of ${SHOWN} hidden units, each as a picture of 28 by 28`;
    const title = [make("strong", {}, "W₁"), `, ${SHOWN} of its 256 rows`];
    this.weights = new Units(title, `The weights W1 ${units}`, SHOWN);
    const itsTitle = [make("strong", {}, "Its gradient"), " in this batch"];
    this.gradients = new Units(itsTitle, `The gradients of W1 ${units}`, SHOWN);
    this.added = make("input", { type: "checkbox", checked: true, change: () => this.paint() });
    this.weights.element.append(make("label", { class: "added" }, this.added,
      "without the first weights: what the steps have added"));
    this.gradients.element.append(make("p", { class: "note" },
      "Blue is above 0, orange below; ± is the strongest colour."));
  }

  /** Which digits these are, and where the code is. */
  note(others) {
    const code = make("a", { href: new URL("network.js", import.meta.url) }, "network.js");
    const notMnist = "These are not MNIST’s digits: this book was built without them, with scikit-learn’s, which are " +
      "coarser. ";
    const train = this.digits.train.toLocaleString("en");
    return make("p", { class: "note" }, this.digits.source === "mnist" ? "" : notMnist,
      `It learns the first ${train} training images in batches of 256, each epoch in a new order, and is tried on ` +
      `${others}, the first of the validation images. Its arithmetic is in `, code, ".");
  }

  /** Begin anew with new first weights. */
  async begin() {
    this.run += 1;
    this.playing = false;
    this.diverged = false;
    this.loss.begin();
    this.right.begin();
    this.gradients.clear();
    this.refresh();
    const { run } = this;
    const seen = await this.ask("begin", this.scale.value);
    if (run !== this.run) return;
    this.firstWeights = seen.weights;
    this.show(seen);
    this.paint();
    this.say(`At the beginning ${percent(this.accuracy)} are right.`);
    if (!this.bugs.isShown) this.check(this.bugs.planted);
  }

  async play() {
    if (this.diverged) await this.begin();
    this.playing = true;
    this.refresh();
    this.say("Learning …");
    const { run } = this;
    const end = Math.floor(this.seen.epoch + 1e-6) + EPOCHS;
    while (this.playing) {
      if (!(await this.step())) return;
      await new Promise(requestAnimationFrame); // none comes while the page is hidden: the training rests
      if (this.seen.epoch >= end) this.pause();
    }
    if (run !== this.run) return;
    this.paint();
    this.say(`${this.where()}: ${percent(this.accuracy)} of the other digits are right.`);
  }

  /** Let the step that is being taken be the last one. */
  pause() {
    this.playing = false;
    this.refresh();
  }

  where() {
    const { step, epoch } = this.seen;
    if (!Number.isInteger(epoch)) return `Step ${step}`;
    return epoch === 1 ? "One epoch" : `${epoch} epochs`;
  }

  async oneStep() {
    if (this.diverged) await this.begin();
    if (await this.step()) this.say(`Step ${this.seen.step}: the loss was ${lossWords(this.seen.loss)}.`);
  }

  /** Take a step and show it. Whether the training can go on. */
  async step() {
    const { run } = this;
    const bugs = this.bugs.planted;
    const rate = this.rate.value;
    try {
      const seen = await this.ask("step", rate, bugs);
      if (run !== this.run) return false;
      this.show(seen);
      if (!this.pad.isEmpty) await this.pad.save_changes();
    } catch (problem) {
      this.stop(`No step: ${problem.message}. Remove the bug.`);
      return false;
    }
    if (!this.seen.diverged) return true;
    this.diverged = true;
    this.stop(this.whyDiverged(rate, bugs));
    return false;
  }

  stop(why) {
    this.playing = false;
    this.refresh();
    this.paint();
    this.say(why, true);
  }

  whyDiverged(rate, bugs) {
    const { step, loss, alive, diverged } = this.seen;
    const what = diverged === "far" ? `the loss is ${lossWords(loss)}, and guessing has 2.30`
      : `only ${alive} of the 256 hidden units are above 0 for any digit of the batch; the others let no error through`;
    const why = bugs.includes("sign") ? "Each step leads uphill. Remove the bug"
      : `With a rate of ${rate} the steps jump over the valley instead of down into it. Choose a smaller one`;
    return `Diverged at step ${step}: ${what}. ${why}, and start again.`;
  }

  show(seen) {
    this.seen = seen;
    if (seen.loss !== undefined) this.loss.add(seen.step, seen.loss);
    if (seen.accuracy !== null) {
      this.accuracy = seen.accuracy;
      this.right.add(seen.step, seen.accuracy);
    }
    const loss = seen.loss === undefined ? "" : `, loss ${lossWords(seen.loss)}`;
    say(this.now, `Epoch ${seen.epoch.toFixed(2)}, step ${seen.step}${loss}, ${percent(this.accuracy)} right`);
    if (!this.still.matches || Number.isInteger(seen.epoch)) this.paint();
  }

  /** Bring the pictures up to date: after each step, where motion is not wanted after each epoch, and at the end. */
  paint() {
    const { weights, gradients } = this.seen;
    this.weights.show(this.added.checked ? weights.map((weight, i) => weight - this.firstWeights[i]) : weights);
    if (gradients) this.gradients.show(gradients);
    for (const curve of [this.loss, this.right]) {
      curve.draw();
      if (!this.playing) curve.describe();
    }
  }

  async check(planted) {
    this.bugs.wait();
    const checked = await this.ask("check", planted);
    if (planted.join() === this.bugs.planted.join()) this.bugs.show(checked);
  }

  say(text, isProblem = false) {
    say(this.said, text);
    this.said.classList.toggle("problem", isProblem);
  }

  refresh() {
    say(this.playButton, this.playing ? "Pause" : "Play");
    this.stepButton.disabled = this.playing;
    this.element.dataset.state = this.playing ? "playing" : this.diverged ? "diverged" : "paused";
  }
}
