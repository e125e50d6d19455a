/**
 * Reads images with the networks that ship with the project, in the reader's browser, by ONNX Runtime in WebAssembly.
 * Its results have the form and the limits of those of helpers/canvas/readers.py.
 */

import { Inside } from "./inside.js";
import { startWorker } from "./worker.js";

const SURE = 0.55; // an answer with less probability than this is none; as in helpers/classifier/classifier.py

/** Networks by name, for one image at a time. */
export class Reader {
  constructor() {
    this.networks = new Map(); // by name; null for one that could not be loaded
    this.problems = new Set(); // what kept networks from being loaded, a line each
  }

  /**
   * Load networks, and the runtime unless the page has it already.
   *
   * files: the file of each network by the name that it is shown with, such as { LeNet: "lenet" }; "mlp", "lenet",
   * "dropout-cnn" and "canvas" lie in this folder. It never throws: each result says which could not be loaded, and why.
   */
  static async load(files) {
    const reader = new Reader();
    await Promise.all(Object.entries(files).map(async ([name, file]) => {
      reader.networks.set(name, null); // before the wait, so that they stay in the order given
      try {
        reader.networks.set(name, await once(file, () => Network.load(file)));
      } catch (problem) {
        reader.problems.add(`The network cannot be loaded: ${firstLine(problem)}`);
      }
    }));
    return reader;
  }

  /**
   * What the networks make of an image of 784 bytes, as canvas.js is told it; none is asked about an empty one.
   *
   * look: a drawing of canvas.js, whose parts inside, look_at, layers, unit and digit say what of the inside of a network
   * is to be seen; see helpers/canvas/traits.py.
   */
  async read(image, look = {}) {
    const empty = !image.some((byte) => byte > 0);
    const errors = [...this.problems];
    const readings = {};
    for (const [name, network] of this.networks) {
      let probabilities = new Array(10).fill(0);
      if (network && !empty) {
        try {
          probabilities = await network.probabilities(image);
        } catch (problem) {
          errors.push(`${name}: ${firstLine(problem)}`);
        }
      }
      readings[name] = { probabilities, answer: answerOf(probabilities) };
    }
    const error = errors.join("; ");
    const inside = look.inside && !empty ? await this.lookInside(image, look) : {};
    return { state: stateOf(error, empty, readings), error, image, readings, inside };
  }

  async lookInside(image, look) {
    const name = this.networks.has(look.look_at) ? look.look_at : this.networks.keys().next().value;
    try {
      return await this.networks.get(name).look(name, image, look);
    } catch (problem) {
      return { network: name, error: `${name}: ${firstLine(problem)}` };
    }
  }
}

/** The most probable digit, or null where none is probable enough. */
function answerOf(probabilities) {
  const highest = Math.max(...probabilities);
  return highest > 0 && highest >= SURE ? probabilities.indexOf(highest) : null;
}

/** A result at a glance. */
function stateOf(error, empty, readings) {
  if (error) return "error";
  if (empty) return "empty";
  return Object.values(readings).some(({ answer }) => answer === null) ? "unsure" : "sure";
}

/** A network in ONNX Runtime, whose outputs are, besides the probabilities, its layers with weights and these weights. */
export class Network {
  constructor(session, Tensor, plan) {
    this.session = session;
    this.Tensor = Tensor;
    this.plan = plan;
    this.names = plan.filter(({ kind }) => kind === "convolution" || kind === "dense").map(({ name }) => name);
    this.inside = null; // is made when it is first looked at
  }

  /**
   * file: of this folder, without .onnx.gz. planned: the file with the plan of its layers, without .json. Throws an Error
   * where a file or the runtime cannot be had.
   */
  static async load(file, planned = file) {
    const files = inOrder([unpacked(`${file}.onnx.gz`), unpacked(`${planned}.json`)]);
    const [{ InferenceSession, Tensor }, [model, plan]] = await Promise.all([loadRuntime(), files]);
    const session = await InferenceSession.create(model, { executionProviders: ["wasm"] });
    return new Network(session, Tensor, JSON.parse(new TextDecoder().decode(plan)));
  }

  /**
   * Outputs by their names, Float32Arrays, for several images of 784 bytes. more: the other inputs of the network by name,
   * each {data, dims}; with them there are as many answers as they are for.
   */
  async run(images, names, more = {}) {
    const inks = new Float32Array(784 * images.length);
    images.forEach((image, i) => inks.set(Float32Array.from(image, (byte) => byte / 255), 784 * i));
    const inputs = { data: { data: inks, dims: [images.length, 1, 28, 28] }, ...more };
    const feeds = {};
    for (const [name, { data, dims }] of Object.entries(inputs)) {
      feeds[name] = new this.Tensor("float32", data.slice(), dims); // what goes to the worker is gone from here
    }
    const found = await this.session.run(feeds, names);
    return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, data]));
  }

  /** Ten probabilities for an image of 784 bytes. */
  async probabilities(image) {
    const [probabilities] = await this.probabilitiesOf([image]);
    return probabilities;
  }

  /** Ten probabilities for each of several images; more: see run. */
  async probabilitiesOf(images, more) {
    const { probabilities } = await this.run(images, ["probabilities"], more);
    return Array.from({ length: probabilities.length / 10 }, (_, i) => [...probabilities.subarray(10 * i, 10 * i + 10)]);
  }

  /** What the image does inside, as the X-ray is told it. */
  async look(name, image, look) {
    const weights = this.names.flatMap((layer) => [`${layer}_weight`, `${layer}_bias`]);
    this.inside ??= new Inside(this.plan, await this.run([image], weights));
    return this.inside.look(name, image, look.layers === false ? null : await this.outputs(image), look);
  }

  /** The outputs of the layers with weights, one after the other. */
  async outputs(image) {
    const found = await this.run([image], this.names);
    const all = new Float32Array(this.names.reduce((sum, name) => sum + found[name].length, 0));
    let at = 0;
    for (const name of this.names) {
      all.set(found[name], at);
      at += found[name].length;
    }
    return all;
  }
}

const loaded = new Map(); // what this page has loaded, or is loading, by its name: its pads share it

/** What load() gives, which is called the first time only. */
function once(name, load) {
  if (!loaded.has(name)) loaded.set(name, load());
  return loaded.get(name);
}

const loadRuntime = () => once("runtime", async () => {
  const [ort, program] = await Promise.all([import("./ort.wasm.min.mjs"), unpacked("ort-wasm-simd-threaded.wasm.gz")]);
  ort.env.wasm.numThreads = 1; // more would need headers that a plain web server does not send
  ort.env.wasm.proxy = true; // in a worker: to compile it keeps a phone busy for seconds, in which the pen goes on
  ort.env.wasm.wasmBinary = program;
  return ort;
});

/** The bytes of a file of this folder, as unpacking.js gives them, but on another thread. */
function unpacked(name) {
  const ask = once("worker", () => startWorker("unpacking_worker.js", "this browser cannot unpack it: take a newer one"));
  return ask("unpacked", name);
}

/** What all promises give; where several fail, the first of them here says why, whichever fails first. */
async function inOrder(promises) {
  const found = await Promise.allSettled(promises);
  const failed = found.find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
  return found.map(({ value }) => value);
}

function firstLine(problem) {
  return problem.message.split("\n")[0];
}
