/** A pad for the network that is being trained: what canvas.js needs of a model, see demo.js. Nothing is kept of it. */

import canvas from "./canvas.js";
import { Reader } from "./reader.js";
import { ALL_STEPS, PEN_WIDTH, toMnist } from "./to_mnist.js";

const NAME = "The network above";

export class TrainedPad {
  /** probabilities(image): ten of them, a promise, for an image of 784 bytes. */
  constructor(probabilities) {
    this.reader = new Reader();
    this.reader.networks.set(NAME, { probabilities });
    this.listeners = {};
    this.reading = false;
    this.due = false; // to be read once the reading that goes on is done
    this.values = {
      networks: [NAME],
      drawing: { seq: 0, strokes: [], pen: PEN_WIDTH, steps: ALL_STEPS, inside: false },
      result: { seq: 0, state: "empty", error: "", image: toMnist([]), readings: {}, inside: {} },
      collection: { count: 0, file: "", error: "", times: 0 },
    };
    this.element = document.createElement("div");
    canvas.render({ model: this, el: this.element });
  }

  get(name) {
    return this.values[name];
  }

  set(name, value) {
    this.values[name] = value;
    for (const listener of this.listeners[`change:${name}`] ?? []) listener();
  }

  on(event, listener) {
    (this.listeners[event] ??= []).push(listener);
  }

  off() {}

  save_changes() {
    return this.read();
  }

  /** Read the drawing, also once more where the network has learnt since: each result has a higher number. */
  async read() {
    this.due = true;
    if (this.reading) return;
    this.reading = true;
    while (this.due) {
      this.due = false;
      const { strokes, pen, steps, seq } = this.get("drawing");
      const result = await this.reader.read(toMnist(strokes, pen, steps));
      const newest = this.get("drawing").seq;
      const next = Math.max(seq, this.get("result").seq + 1);
      this.set("result", { ...result, seq: newest === seq ? next : Math.min(next, newest - 1) });
    }
    this.reading = false;
  }

  get isEmpty() {
    return this.get("drawing").strokes.length === 0;
  }
}
