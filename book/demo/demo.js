/**
 * The live demo of the book's front page: the canvas of the notebooks, with its network in the reader's browser.
 *
 * canvas.js talks to a model. In a notebook that is anywidget's, with helpers/canvas/widget.py behind it. Here it is
 * PageModel with to_mnist.js and reader.js, which answer the same.
 */

import canvas from "./canvas.js";
import { Kept, KeptLine } from "./kept.js";
import { Reader } from "./reader.js";
import { ALL_STEPS, PEN_WIDTH, toMnist } from "./to_mnist.js";

const NETWORKS = { CNN: "canvas" }; // the file by the name above the bars: the one that is trained on drawings
const MEGABYTES = 5; // of the runtime and the network

/** What canvas.js needs of anywidget's model: values by name that others listen to, and somebody to read drawings. */
class PageModel {
  constructor(reader, result) {
    this.reader = reader;
    this.listeners = {};
    this.kept = new Kept();
    this.times = 0; // that the collection was asked for
    this.next = null; // the drawing that is to be read
    this.reading = false;
    this.values = {
      networks: Object.keys(NETWORKS),
      drawing: { seq: 0, strokes: [], pen: PEN_WIDTH, steps: ALL_STEPS, inside: false },
      result: { ...result, seq: 0 },
      collection: this.collection(),
    };
  }

  static async load() {
    const reader = await Reader.load(NETWORKS);
    return new PageModel(reader, await reader.read(toMnist([])));
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
      const { strokes, pen, steps, seq, ...look } = this.next;
      this.next = null;
      this.set("result", { ...(await this.reader.read(toMnist(strokes, pen, steps), look)), seq });
    }
    this.reading = false;
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

function addStyle(name) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL(name, import.meta.url).href;
  document.head.append(link);
}

async function show(place) {
  const loading = document.createElement("p");
  loading.setAttribute("role", "status");
  loading.textContent = `Loading the network (${MEGABYTES} MB) …`;
  place.replaceChildren(loading);
  const model = await PageModel.load();
  place.replaceChildren();
  canvas.render({ model, el: place });
  const line = new KeptLine(model.kept, () => model.tell());
  model.on("change:collection", () => line.show());
  place.append(line.element);
}

addStyle("canvas.css");
addStyle("demo.css");
show(document.getElementById("digit-canvas-demo"));
