/** A pad for the network that is being trained. Nothing is kept of it. */

import canvas from "./canvas.js";
import { PageModel } from "./page_model.js";
import { Reader } from "./reader.js";

const NAME = "The network above";

export class TrainedPad extends PageModel {
  /** probabilities(image): ten of them, a promise, for an image of 784 bytes. */
  constructor(probabilities) {
    const reader = new Reader();
    reader.networks.set(NAME, { probabilities });
    super({ names: [NAME], reader });
    this.element = document.createElement("div");
    canvas.render({ model: this, el: this.element });
  }

  get isEmpty() {
    return this.get("drawing").strokes.length === 0;
  }

  /** Read the drawing, also once more where the network has learnt since: each result has a higher number. */
  async save_changes() {
    this.due = true; // to be read once the reading that goes on is done
    if (this.reading) return;
    this.reading = true;
    while (this.due) {
      this.due = false;
      const { strokes, pen, steps, seq } = this.get("drawing");
      const result = await this.reader.read(this.prepare(strokes, pen, steps));
      const newest = this.get("drawing").seq;
      const next = Math.max(seq, this.get("result").seq + 1);
      this.set("result", { ...result, seq: newest === seq ? next : Math.min(next, newest - 1) });
    }
    this.reading = false;
  }
}
