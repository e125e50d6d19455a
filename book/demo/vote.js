/** Chapter 4: the same drawing read by many thinned networks, each with masks of its own, and by the whole one. */

import { make } from "./elements.js";
import { masks } from "./dropout.js";
import { showPad } from "./live_pad.js";
import { Network, Reader } from "./reader.js";

const FILES = ["dropout-cnn-thinned", "dropout-cnn"]; // the network of chapter 4 with its masks as inputs, and its plan
const NAMES = ["Test mode: nothing dropped", "Mean of the thinned networks"];
const [FEWEST, MOST] = [1, 100];
const FOUR_OR_NINE = [
  [[0.34, 0.2], [0.3, 0.46], [0.38, 0.54], [0.64, 0.5]],
  [[0.46, 0.28], [0.66, 0.16], [0.64, 0.5], [0.6, 0.86]],
];
const digitOf = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

/** The whole network and the mean of many thinned ones, as canvas.js shows two networks. */
class Vote {
  constructor() {
    this.times = 50;
    this.answers = []; // of the thinned networks, ten probabilities each
  }

  async load() {
    const reader = new Reader();
    NAMES.forEach((name) => reader.networks.set(name, null));
    try {
      const network = await Network.load(...FILES);
      const whole = masks(1, 0);
      const inTest = async (image) => (await network.probabilitiesOf([image], whole))[0];
      reader.networks.set(NAMES[0], { probabilities: inTest });
      reader.networks.set(NAMES[1], { probabilities: (image) => this.mean(network, image) });
    } catch (problem) {
      reader.problems.add(`The network cannot be loaded: ${problem.message.split("\n")[0]}`);
    }
    return reader;
  }

  async mean(network, image) {
    this.answers = await network.probabilitiesOf([image], masks(this.times));
    return this.answers[0].map((_, digit) => this.answers.reduce((sum, answer) => sum + answer[digit], 0) / this.times);
  }
}

/** A tile for each thinned network with its answer, those of one digit together, and the count in words. */
class Ballot {
  constructor() {
    this.tiles = make("div", { class: "tiles", "aria-hidden": "true" });
    this.text = make("p", { class: "count" });
    this.element = make("div", { class: "ballot" }, this.text, this.tiles);
  }

  /** answers: ten probabilities of each thinned network; none for an empty pad. */
  show(answers) {
    this.element.hidden = answers.length === 0;
    if (this.element.hidden) return;
    const votes = Array.from({ length: 10 }, () => []);
    for (const answer of answers) votes[digitOf(answer)].push(Math.max(...answer));
    const order = [...votes.keys()].filter((digit) => votes[digit].length);
    order.sort((a, b) => votes[b].length - votes[a].length);
    const counts = order.map((digit) => `${votes[digit].length} for ${digit}`);
    this.text.textContent = `The vote of ${answers.length}: ${counts.join(", ")}.`;
    this.tiles.replaceChildren(...order.flatMap((digit, place) =>
      votes[digit].sort((a, b) => b - a).map((p) => make("span", { class: place ? "tile" : "tile first",
        style: `--sure: ${Math.round(100 * p)}%`, title: `${digit}, ${Math.round(100 * p)} %` }, `${digit}`))));
  }
}

const place = document.getElementById("live-vote");
place.classList.add("short");
const vote = new Vote();
const model = showPad(place, { names: NAMES, reader: vote.load(), megabytes: 5 });
const ballot = new Ballot();
const often = make("input", { type: "range", id: "live-vote-times", min: FEWEST, max: MOST, value: vote.times,
  input: () => {
    vote.times = Number(often.value);
    count.textContent = vote.times;
    again();
  } });
const count = make("output", { for: often.id }, `${vote.times}`);
const again = () => model.draw(model.get("drawing").strokes);
place.append(make("div", { class: "sliders" },
  make("p", { class: "slider" }, make("label", { for: often.id }, "Thinned networks"), often, count),
  make("button", { type: "button", click: again }, "Vote again, with new masks")), ballot.element);
model.on("change:result", () => ballot.show(model.get("result").state === "empty" ? [] : vote.answers));
model.draw(FOUR_OR_NINE);
