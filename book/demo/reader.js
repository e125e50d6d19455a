/**
 * Reads images with the network that is trained on drawings, in the reader's browser, by ONNX Runtime in WebAssembly.
 * Its results have the form and the limits of those of helpers/canvas/readers.py.
 */

export const NETWORK = "CNN"; // its name above the bars
const SURE = 0.6; // an answer with less probability than this is none; as in helpers/classifier/classifier.py

export class Reader {
  /** network: makes ten probabilities of an image of 784 bytes; without one, `error` is the answer to every image. */
  constructor(network, error = "") {
    this.network = network;
    this.error = error;
  }

  /** Load the runtime and the network from this folder. */
  static async load() {
    try {
      return new Reader(await loadNetwork());
    } catch (problem) {
      return new Reader(null, `The network cannot be loaded: ${firstLine(problem)}`);
    }
  }

  /** What the network makes of an image of 784 bytes, as canvas.js is told it; it is not asked about an empty one. */
  async read(image) {
    const empty = !image.some((byte) => byte > 0);
    let { error } = this;
    let probabilities = new Array(10).fill(0);
    if (this.network && !empty) {
      try {
        probabilities = await this.network(image);
      } catch (problem) {
        error = `${NETWORK}: ${firstLine(problem)}`;
      }
    }
    const highest = Math.max(...probabilities);
    const answer = highest > 0 && highest >= SURE ? probabilities.indexOf(highest) : null;
    const state = stateOf(error, empty, answer);
    return { state, error, image, readings: { [NETWORK]: { probabilities, answer } }, inside: {} };
  }
}

/** A result at a glance. */
function stateOf(error, empty, answer) {
  if (error) return "error";
  if (empty) return "empty";
  return answer === null ? "unsure" : "sure";
}

async function loadNetwork() {
  const { env, InferenceSession, Tensor } = await import("./ort.wasm.min.mjs");
  const [runtime, file] = await Promise.all([unpacked("ort-wasm-simd-threaded.wasm.gz"), unpacked("canvas.onnx.gz")]);
  env.wasm.numThreads = 1; // more would need headers that a plain web server does not send
  env.wasm.wasmBinary = runtime;
  const session = await InferenceSession.create(file, { executionProviders: ["wasm"] });
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  return async (image) => {
    const ink = Float32Array.from(image, (byte) => byte / 255);
    const answers = await session.run({ [input]: new Tensor("float32", ink, [1, 1, 28, 28]) });
    return [...answers[output].data];
  };
}

/** The bytes of a file of this folder that was packed by gzip: a plain web server sends it as it lies there. */
export async function unpacked(name) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name}: the server answers ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b; // else a server has told the browser to unpack it
  if (!packed) return bytes;
  const unpacking = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacking).arrayBuffer());
}

function firstLine(problem) {
  return problem.message.split("\n")[0];
}
