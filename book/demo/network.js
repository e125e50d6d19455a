/**
 * The network of chapter 7 in plain JavaScript: its formulas with its symbols as names, to be read beside the chapter.
 * helpers/by_hand.py is the same in Python.
 *
 * A matrix is {rows, columns, values}, with its numbers row by row in a Float32Array or, for the check of gradients, a
 * Float64Array. A batch X (N x 784) holds an image in each row, 0..1, and its targets T (N x 10) a 1 at the right
 * digit; N is the number of images. Weights have a row for each output, biases are a single row. Parameters are the
 * list [W1, b1, W2, b2] of 256 x 784, 1 x 256, 10 x 256 and 1 x 10; gradients are a list in the same order, and belong
 * to the loss summed over the batch.
 *
 * tests/book/test_book_training.py holds all of it to MXNet.
 */

export const NAMES = ["W1", "b1", "W2", "b2"];
const SHAPES = [[256, 784], [10, 256]]; // of the weights
const SMALLEST = 2 ** -149;

// Matrices

/** A matrix of zeros, or of the given numbers. */
export function matrix(rows, columns, values = new Float32Array(rows * columns)) {
  return { rows, columns, values };
}

/** A matrix of the same shape with change(value, i) in place of each value; i counts row by row. */
function changed(a, change) {
  return { ...a, values: a.values.map(change) };
}

/** A matrix of zeros with numbers of the same kind as those of `a`. */
function zerosLike(a, rows, columns) {
  return matrix(rows, columns, new a.values.constructor(rows * columns));
}

/** A' of A. */
export function transposed(a) {
  const turned = zerosLike(a, a.columns, a.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.columns; j++) turned.values[j * a.rows + i] = a.values[i * a.columns + j];
  }
  return turned;
}

/**
 * The product A B: row i is the sum of all rows of B, each times the number of A's row i that belongs to it.
 *
 * Where that is 0 there is nothing to add: four fifths of an image are paper, and half of a hidden layer is 0 by ReLU.
 * Four rows are added at a time, which takes half of the time.
 */
export function dot(a, b) {
  const product = zerosLike(a, a.rows, b.columns);
  const [out, of] = [product.values, b.values];
  const { columns } = b;
  const factors = new Float64Array(a.columns + 4); // with zeros at its end
  const starts = new Int32Array(a.columns + 4); // of the rows of B
  for (let i = 0; i < a.rows; i++) {
    let count = 0;
    for (let k = 0; k < a.columns; k++) {
      const factor = a.values[i * a.columns + k];
      if (factor === 0) continue;
      factors[count] = factor;
      starts[count] = k * columns;
      count += 1;
    }
    factors.fill(0, count, count + 4);
    for (let u = 0; u < count; u += 4) {
      const [f0, f1, f2, f3] = [factors[u], factors[u + 1], factors[u + 2], factors[u + 3]];
      const [s0, s1, s2, s3] = [starts[u], starts[u + 1], starts[u + 2], starts[u + 3]];
      for (let j = 0, o = i * columns; j < columns; j++, o++) {
        out[o] += f0 * of[s0 + j] + f1 * of[s1 + j] + f2 * of[s2 + j] + f3 * of[s3 + j];
      }
    }
  }
  return product;
}

/** A + b, with the row b added to each row of A. */
function plusRow(a, b) {
  return changed(a, (value, i) => value + b.values[i % a.columns]);
}

function minus(a, b) {
  return changed(a, (value, i) => value - b.values[i]);
}

/** A o B: each number of A times that of B in the same place. */
function times(a, b) {
  return changed(a, (value, i) => value * b.values[i]);
}

/** [A > 0]: a 1 where the number is above 0, else a 0. */
function positive(a) {
  return changed(a, (value) => (value > 0 ? 1 : 0));
}

/** The sum of all rows, as one row. */
function sumOfRows(a) {
  const sum = zerosLike(a, 1, a.columns);
  a.values.forEach((value, i) => { sum.values[i % a.columns] += value; });
  return sum;
}

/** What is left of a sum over the images when `=` stands in place of `+=`. */
function lastRow(a) {
  return matrix(1, a.columns, a.values.slice(-a.columns));
}

/** The rows of a matrix, as views of its memory. */
function rowsOf(a) {
  return Array.from({ length: a.rows }, (_, i) => a.values.subarray(i * a.columns, (i + 1) * a.columns));
}

// The first parameters

/**
 * Weights from a normal distribution, biases of 0. `scale` is the standard deviation of all weights; null gives each
 * layer its own, sqrt(2 / inputs) of He and others. random(): makes numbers in 0..1, 1 left out.
 */
export function mlpParameters(scale, random) {
  return SHAPES.flatMap(([outputs, inputs]) => {
    const deviation = scale ?? Math.sqrt(2 / inputs);
    return [changed(matrix(outputs, inputs), () => deviation * normal(random)), matrix(1, outputs)];
  });
}

/** A number from the standard normal distribution: G. Box and M. Muller, 1958. */
function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

// Forward

/** Probabilities of logits, in each row. */
function softmax(z) {
  const p = changed(z, (value) => value);
  for (const row of rowsOf(p)) {
    const largest = row.reduce((a, b) => Math.max(a, b)); // becomes 0: nothing overflows
    row.forEach((value, j) => { row[j] = Math.exp(value - largest); });
    const sum = row.reduce((a, b) => a + b);
    row.forEach((value, j) => { row[j] = value / sum; });
  }
  return p;
}

/** The hidden layer A1 and the probabilities P of the images X. */
export function mlpForward(x, [w1, b1, w2, b2]) {
  const a1 = changed(plusRow(dot(x, transposed(w1)), b1), (z) => Math.max(z, 0));
  const p = softmax(plusRow(dot(a1, transposed(w2)), b2));
  return [a1, p]; // A1 = max(0, X W1' + b1), N x 256; P = softmax(A1 W2' + b2), N x 10
}

/** The loss L = - sum of ln p(right digit) over the images. No p counts as less than 32 bits can hold. */
export function crossEntropy(p, t) {
  return t.values.reduce((sum, target, i) => (target ? sum - Math.log(Math.max(p.values[i], SMALLEST)) : sum), 0);
}

// Backward

/** Mistakes that can be planted in the backward pass. */
export const BUGS = [
  "relu", // S1 without [A1 > 0]
  "sign", // T - P
  "last", // b = S in place of b += S, image after image
  "misprint", // A2, which is P, in place of A1, as the walkthrough has it
];

/** The gradients of the loss for each of the parameters. layers: A1 and P of this batch. bugs: of BUGS. */
export function mlpGradients(x, t, parameters, bugs = [], layers = mlpForward(x, parameters)) {
  const [, , w2] = parameters;
  const [a1, p] = layers;
  const has = (bug) => bugs.includes(bug);
  const s2 = has("sign") ? minus(t, p) : minus(p, t); //                          S2 = P - T                 N x 10
  const e1 = dot(s2, w2); //                                                      S2 W2                      N x 256
  const s1 = has("relu") ? e1 : times(e1, positive(a1)); //                       S1 = (S2 W2) o [A1 > 0]    N x 256
  const gw2 = dot(transposed(s2), has("misprint") ? p : a1); //                   S2' A1                    10 x 256
  const gw1 = transposed(dot(transposed(x), s1)); //                              S1' X = (X' S1)'         256 x 784
  const [gb1, gb2] = [s1, s2].map(has("last") ? lastRow : sumOfRows); //          sums over the images    256 and 10
  return [gw1, gb1, gw2, gb2];
}

// The step

/** Move the parameters in place against the gradients of a batch of so many images. Throws where shapes do not fit. */
export function update(parameters, gradients, rate, images) {
  const wrong = NAMES.findIndex((_, k) => !fits(parameters[k], gradients[k]));
  if (wrong >= 0) {
    const [wanted, got] = [parameters, gradients].map((matrices) => shape(matrices[wrong]));
    throw new RangeError(`expected a gradient of ${wanted} for ${NAMES[wrong]}, got ${got}: they cannot be subtracted`);
  }
  parameters.forEach(({ values }, k) => {
    gradients[k].values.forEach((gradient, i) => { values[i] -= (rate / images) * gradient; });
  });
}

const fits = (a, b) => a.rows === b.rows && a.columns === b.columns;
const shape = ({ rows, columns }) => `${rows} × ${columns}`;

// The check

/** The slope of loss() for each chosen place of a matrix, whose number it moves up and down a little. */
export function finiteDifferences(loss, { values }, places, step = 1e-5) {
  return places.map((place) => {
    const value = values[place];
    const [above, below] = [value + step, value - step].map((moved) => {
      values[place] = moved;
      return loss();
    });
    values[place] = value;
    return (above - below) / (2 * step);
  });
}

/** The largest difference between two lists of numbers, as a share of the largest number in them. */
export function relativeDifference(a, b) {
  const largest = Math.max(...[...a, ...b].map(Math.abs));
  return largest ? Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / largest : 0;
}

/**
 * Compare the gradients with finite differences, at `count` random places of each parameter: for each parameter its
 * name, its shape and the relative difference, which is null where a gradient has another shape (`found`).
 *
 * x, t and parameters have to hold 64 bits: the two losses of a difference agree in most of their digits.
 */
export function checkGradients(x, t, parameters, bugs, random, count = 25) {
  const loss = () => crossEntropy(mlpForward(x, parameters)[1], t);
  return mlpGradients(x, t, parameters, bugs).map((gradient, k) => {
    const parameter = parameters[k];
    const row = { name: NAMES[k], shape: shape(parameter), found: shape(gradient), difference: null };
    if (!fits(parameter, gradient)) return row;
    const places = Array.from({ length: count }, () => Math.floor(random() * parameter.values.length));
    const slopes = finiteDifferences(loss, parameter, places);
    return { ...row, difference: relativeDifference(places.map((place) => gradient.values[place]), slopes) };
  });
}

/** The same numbers with 64 bits. */
export function in64Bits(a) {
  return { ...a, values: Float64Array.from(a.values) };
}
