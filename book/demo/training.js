/**
 * A training of the network of chapter 7 in the reader's browser: its digits, the order of the batches, and after each
 * step what there is to show.
 */

import {
  checkGradients, crossEntropy, in64Bits, matrix, mlpForward, mlpGradients, mlpParameters, update,
} from "./network.js";

const BATCH = 256; // images; the last batch of an epoch is shorter
const PIXELS = 784;
const CHECKED = 8; // images in the check of the gradients, as in the chapter
const COUNTED = 5; // steps from one count of right answers to the next
const FAR = 20; // a loss so many times as large as at the beginning will not come back
const FEW = 32; // hidden units: with fewer that answer to anything, the network has no way back
export const SHOWN = 24; // hidden units whose weights are shown

/** The numbers in 0..1 of G. Marsaglia's "Xorshift RNGs", 2003, the same for the same seed. */
export function randomNumbers(seed) {
  let state = (2463534242 + seed) >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** The digits in a file of tools/book_digits.py: {source, train, valid}, each part with images X and targets T. */
export function readDigits(bytes) {
  const end = bytes.indexOf("\n".charCodeAt());
  const { source, train, valid } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  const labels = bytes.subarray(end + 1, end + 1 + train + valid);
  const pixels = bytes.subarray(end + 1 + train + valid);
  const part = (first, count) => ({
    x: imagesOf(pixels.subarray(first * PIXELS, (first + count) * PIXELS)),
    t: targetsOf(labels.subarray(first, first + count)),
  });
  return { source, train: part(0, train), valid: part(train, valid) };
}

/** Images as rows of numbers in 0..1, from a byte for each pixel. */
export function imagesOf(pixels) {
  return matrix(pixels.length / PIXELS, PIXELS, Float32Array.from(pixels, (byte) => byte / 255));
}

function targetsOf(labels) {
  const t = matrix(labels.length, 10);
  labels.forEach((label, i) => { t.values[10 * i + label] = 1; });
  return t;
}

/** The rows of a matrix that have the given numbers. */
function take(a, rows) {
  const taken = matrix(rows.length, a.columns);
  rows.forEach((row, i) => taken.values.set(a.values.subarray(row * a.columns, (row + 1) * a.columns), i * a.columns));
  return taken;
}

/** The share of the rows whose largest probability is at their target. */
function shareRight(p, t) {
  let right = 0;
  for (let i = 0; i < p.rows; i++) {
    const row = p.values.subarray(10 * i, 10 * i + 10);
    right += t.values[10 * i + row.indexOf(Math.max(...row))];
  }
  return right / p.rows;
}

export class Training {
  /** digits: of readDigits. scale: of the first weights, see mlpParameters. seed: for them and the order of images. */
  constructor(digits, scale = null, seed = 0) {
    this.digits = digits;
    this.seed = seed;
    this.begin(scale);
  }

  /** Begin anew, with first weights of this scale. What there is to show then: see step(). */
  begin(scale) {
    this.random = randomNumbers(this.seed);
    this.parameters = mlpParameters(scale, this.random);
    this.order = []; // of the images that this epoch still has to take
    this.steps = 0;
    this.firstLoss = null;
    return { ...this.seen(), accuracy: this.accuracy() };
  }

  /**
   * Take the next batch, and one step of this rate with it. What there is to show:
   *
   * step, and epoch as a number that is whole at its end; loss per image before the step; alive, of the hidden units,
   * for any image of the batch; diverged: "far", "dead" or "", see below; accuracy 0..1 of the validation images, null
   * where it was not counted; weights and gradients per image of the first hidden units, SHOWN x 784.
   * Throws a RangeError when a bug gives a gradient another shape than its parameter has; then nothing has changed.
   */
  step(rate, bugs = []) {
    const { x, t } = this.digits.train;
    if (!this.order.length) this.order = this.shuffled(x.rows);
    const chosen = this.order.slice(0, BATCH);
    const { loss, alive, gradients } = this.learn(take(x, chosen), take(t, chosen), rate, bugs);
    this.order = this.order.slice(BATCH);
    this.steps += 1;
    this.firstLoss ??= Math.max(loss, Math.LN10);
    const counts = this.steps % COUNTED === 0 || !this.order.length;
    return { ...this.seen(), loss, alive, diverged: this.diverged(loss, alive), gradients,
      accuracy: counts ? this.accuracy() : null };
  }

  /** One step with the batch X, T. */
  learn(x, t, rate, bugs) {
    const [a1, p] = mlpForward(x, this.parameters);
    const gradients = mlpGradients(x, t, this.parameters, bugs, [a1, p]);
    update(this.parameters, gradients, rate, x.rows);
    const shown = gradients[0].values.slice(0, SHOWN * PIXELS).map((gradient) => gradient / x.rows);
    return { loss: crossEntropy(p, t) / x.rows, alive: aliveIn(a1), gradients: shown };
  }

  /** "far" where the loss has shot up for good, "dead" where hardly a hidden unit is left, else "". */
  diverged(loss, alive) {
    if (!(loss < FAR * this.firstLoss)) return "far"; // not a number is far, too
    return alive < FEW ? "dead" : "";
  }

  seen() {
    const [w1] = this.parameters;
    const epoch = this.steps / Math.ceil(this.digits.train.x.rows / BATCH);
    return { step: this.steps, epoch, weights: w1.values.slice(0, SHOWN * PIXELS) };
  }

  /** The share of the validation images that are read rightly. */
  accuracy() {
    const { x, t } = this.digits.valid;
    return shareRight(mlpForward(x, this.parameters)[1], t);
  }

  /** Ten probabilities of an image of 784 bytes. */
  read(image) {
    return [...mlpForward(imagesOf(image), this.parameters)[1].values];
  }

  /** The check of the gradients, see checkGradients. Its parameters are drawn at random, the biases as well. */
  check(bugs) {
    const random = randomNumbers(1);
    const [w1, b1, w2, b2] = mlpParameters(null, random);
    for (const { values } of [b1, b2]) values.forEach((_, i) => { values[i] = 0.2 * random() - 0.1; });
    const { train } = this.digits;
    const first = [...Array(CHECKED).keys()];
    const [x, t, ...parameters] = [take(train.x, first), take(train.t, first), w1, b1, w2, b2].map(in64Bits);
    return checkGradients(x, t, parameters, bugs, random);
  }

  /** The numbers below count in a new order. */
  shuffled(count) {
    const order = [...Array(count).keys()];
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor(this.random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

/** How many hidden units are above 0 for any image of the batch. */
function aliveIn(a1) {
  const found = new Set();
  a1.values.forEach((value, i) => { if (value > 0) found.add(i % a1.columns); });
  return found.size;
}
