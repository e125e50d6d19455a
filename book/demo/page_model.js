/**
 * What canvas.js needs of a model: values by name that others listen to, and somebody to read drawings. In a notebook
 * that is anywidget's, with helpers/canvas/widget.py behind it. In the book it is PageModel, with to_mnist.js and
 * reader.js, which answer the same.
 */

import { Kept } from "./kept.js";
import { ALL_STEPS, PEN_WIDTH, toMnist } from "./to_mnist.js";

export class PageModel {
  /**
   * reader: has `networks`, a Map by their names, and `read(image)`, as Reader. result: of the empty pad.
   * prepare(strokes, pen, steps): the image of 784 bytes that the networks receive of a drawing.
   */
  constructor(reader, result, prepare) {
    this.reader = reader;
    this.prepare = prepare;
    this.listeners = {};
    this.kept = new Kept();
    this.times = 0; // that the collection was asked for
    this.next = null; // the drawing that is to be read
    this.reading = false;
    this.values = {
      networks: [...reader.networks.keys()],
      drawing: { seq: 0, strokes: [], pen: PEN_WIDTH, steps: ALL_STEPS, inside: false },
      result: { ...result, seq: 0 },
      collection: this.collection(),
    };
  }

  static async of(reader, prepare = toMnist) {
    return new PageModel(reader, await reader.read(toMnist([])), prepare);
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

  /** Read the drawing. While another is being read it waits, and a newer one takes its place. */
  async save_changes() {
    this.next = this.get("drawing");
    if (this.reading) return;
    this.reading = true;
    while (this.next) {
      const { strokes, pen, steps, seq } = this.next;
      this.next = null;
      this.set("result", { ...(await this.reader.read(this.prepare(strokes, pen, steps))), seq });
    }
    this.reading = false;
  }

  /** Draw on the pad, as a cell of a notebook does; the same strokes once more are read anew. */
  draw(strokes, pen = this.get("drawing").pen) {
    const newest = Math.max(this.get("drawing").seq, this.get("result").seq);
    const seq = newest + 2 - (newest % 2); // even, since canvas.js counts in odd numbers
    this.set("drawing", { ...this.get("drawing"), strokes, pen, seq });
    return this.save_changes();
  }

  /** Add a drawing with its label to the collection. */
  send({ keep, strokes, pen }) {
    this.kept.add({ label: keep, pen, strokes, image: [...toMnist(strokes, pen)] });
    queueMicrotask(() => this.tell()); // an answer comes after canvas.js has asked
  }

  /** Tell all who listen what the collection has become. */
  tell() {
    this.set("collection", this.collection());
  }

  /** What canvas.js is told of the collection. */
  collection() {
    this.times += 1;
    return { count: this.kept.items.length, file: "", error: this.kept.error, times: this.times };
  }
}
