/**
 * What canvas.js needs of a model: values by name that others listen to, and somebody to read drawings. In a notebook
 * that is anywidget's, with helpers/canvas/widget.py behind it. In the book it is PageModel, with to_mnist.js and
 * reader.js, which answer the same.
 */

import { Kept } from "./kept.js";
import { ALL_STEPS, PEN_WIDTH, toMnist } from "./to_mnist.js";

export class PageModel {
  /**
   * names: of the networks. reader: a promise of what reads for them, as a Reader: the pad is there before it.
   * megabytes: that it loads. prepare(strokes, pen, steps): the image of 784 bytes that the networks receive of a drawing.
   */
  constructor({ names, reader, megabytes = 0, prepare = toMnist }) {
    this.reader = reader;
    this.excuse = `Loading the network (${megabytes} MB): draw, and the answer comes as soon as it is there`;
    this.prepare = prepare;
    this.listeners = {};
    this.kept = new Kept();
    this.times = 0; // that the collection was asked for
    this.next = null; // the drawing that is to be read
    this.reading = false;
    const nothing = { probabilities: new Array(10).fill(0), answer: null };
    const readings = Object.fromEntries(names.map((name) => [name, nothing]));
    this.values = {
      networks: names,
      drawing: { seq: 2, strokes: [], pen: PEN_WIDTH, steps: ALL_STEPS, inside: false },
      result: { seq: 0, state: "empty", error: "", image: toMnist([]), readings, inside: {} },
      collection: this.collection(),
    };
    this.save_changes();
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
    const reader = await this.reader;
    this.excuse = "The network is still at the drawing: its answer comes";
    while (this.next) {
      const { strokes, pen, steps, seq, ...look } = this.next;
      this.next = null;
      this.set("result", { ...(await reader.read(this.prepare(strokes, pen, steps), look)), seq });
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
