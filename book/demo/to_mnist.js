/**
 * From a drawing to the image of 28 x 28 pixels that MNIST would hold of it: what helpers/drawing/strokes.py and
 * helpers/drawing/field.py do, with their names, in the browser. tests/book/test_book_drawing.py holds the images
 * equal.
 *
 * Strokes are lists of points [x, y], x to the right and y down, in units of the pad, 0..1, or in pixels of the field,
 * 0..28. An image is 784 bytes, row by row, ink bright on 0.
 */

import { drawLines, FRACTION, round } from "./thick_lines.js";

export const PEN_WIDTH = 0.06; // width of a pen's ink on the pad, as a share of its side
export const ALL_STEPS = { fit: true, centre: true, ink: true, resize: false };
const FIELD = 28; // side of an MNIST image, in pixels
const BOX = 20; // longer side of the digit in it, in pixels
const INK_WIDTH = 2.5; // width of a stroke in it, in pixels
const SMALLEST = 0.05; // of the pad: what is smaller is not enlarged any further
const FAR = 100; // pads: no pen gets there
const SUBPIXELS = 14; // along each side of a pixel, which is drawn as so many finer ones
const PAD_PIXELS = 280; // side of the pads that are plainly resized
const TIE = 1e-3; // of a pixel: so far a centre of mass may be from the middle between two

/**
 * The image that MNIST would hold of a drawing, all zeros without a point. Points that are not finite numbers are left
 * out.
 *
 * pen: width of the ink as a share of the pad's side, 0..1. steps: what is done, see Steps in
 * helpers/drawing/strokes.py. Throws a RangeError for a pen without a width.
 */
export function toMnist(strokes, pen = PEN_WIDTH, steps = ALL_STEPS) {
  if (!(pen > 0 && pen <= 1)) {
    const fix = "give a share of the pad's side, as 0.06";
    throw new RangeError(`expected a pen's width above 0 and at most 1, got ${pen}: ${fix}`);
  }
  const drawn = asStrokes(strokes);
  if (steps.resize) return plainResize(drawn, pen);
  const [placed, width] = steps.fit ? fitStrokes(drawn, steps.ink ? null : pen)
    : [scaled(drawn, FIELD), steps.ink ? INK_WIDTH : pen * FIELD];
  const image = drawInk(placed, width);
  return steps.centre ? centreByMass(image) : image;
}

/** The strokes with change(value, axis) in place of each coordinate. */
function changed(strokes, change) {
  return strokes.map((stroke) => stroke.map((point) => point.map(change)));
}

const scaled = (strokes, factor) => changed(strokes, (value) => value * factor);

function asStrokes(strokes) {
  const finite = strokes.map((stroke) => stroke.filter((point) => point.every(Number.isFinite)));
  return changed(finite, (value) => Math.min(Math.max(value, -FAR), FAR));
}

/** Strokes whose ink has a longer side of 20 pixels, in the middle of the field, and the width of that ink. */
function fitStrokes(strokes, pen) {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (const point of strokes.flat()) {
    point.forEach((value, axis) => {
      low[axis] = Math.min(low[axis], value);
      high[axis] = Math.max(high[axis], value);
    });
  }
  const longer = Math.max(high[0] - low[0], high[1] - low[1], SMALLEST);
  const scale = pen === null ? (BOX - INK_WIDTH) / longer : BOX / (longer + pen);
  const middle = [0, 1].map((axis) => (low[axis] + high[axis]) / 2);
  const placed = changed(strokes, (value, axis) => (value - middle[axis]) * scale + FIELD / 2);
  return [placed, pen === null ? INK_WIDTH : pen * scale];
}

/** The image of strokes in pixels of the field, drawn with a round pen of so many pixels. */
function drawInk(strokes, width) {
  const side = FIELD * SUBPIXELS;
  const fine = drawPixels(scaled(strokes, SUBPIXELS), side, width * SUBPIXELS);
  const share = Math.fround(1 / SUBPIXELS ** 2); // of 32 bits, as OpenCV computes the mean
  return makeImage((row, column) => {
    let sum = 0;
    for (let y = row * SUBPIXELS; y < (row + 1) * SUBPIXELS; y++) {
      for (let x = column * SUBPIXELS; x < (column + 1) * SUBPIXELS; x++) sum += fine[y * side + x];
    }
    return round(Math.fround(sum * share));
  });
}

/** The drawing as a pad of 280 x 280 pixels, made small by looking at the middle 2 x 2 of each 10 x 10. */
function plainResize(strokes, pen) {
  const pad = drawPixels(scaled(strokes, PAD_PIXELS), PAD_PIXELS, pen * PAD_PIXELS);
  const ratio = PAD_PIXELS / FIELD;
  return makeImage((row, column) => {
    const first = (row * ratio + ratio / 2 - 1) * PAD_PIXELS + column * ratio + ratio / 2 - 1;
    const second = first + PAD_PIXELS;
    return Math.floor((pad[first] + pad[first + 1] + pad[second] + pad[second + 1] + 2) / 4);
  });
}

function drawPixels(strokes, side, width) {
  const points = changed(strokes, (value) => round((value - 0.5) * FRACTION)); // OpenCV counts from a pixel's middle
  return drawLines(points, side, Math.max(1, 2 * round((width - 1) / 2)));
}

/** Move an image by whole pixels until its centre of mass is in the middle, or an edge of the field stops it. */
function centreByMass(image) {
  const masses = [new Float64Array(FIELD), new Float64Array(FIELD)]; // of the rows and of the columns
  image.forEach((value, i) => {
    masses[0][Math.floor(i / FIELD)] += value;
    masses[1][i % FIELD] += value;
  });
  const [down, right] = masses.map(offset);
  const centred = new Uint8Array(image.length);
  image.forEach((value, i) => {
    if (value) centred[i + down * FIELD + right] = value;
  });
  return centred;
}

/** How far a profile of masses has to move; 0 where there is none. */
function offset(profile) {
  const mass = profile.reduce((sum, value) => sum + value, 0);
  if (mass === 0) return 0;
  const inked = (value) => value > 0;
  const centre = profile.reduce((sum, value, i) => sum + value * i, 0) / mass;
  const wanted = round(FIELD / 2 - centre + TIE);
  return Math.min(Math.max(wanted, -profile.findIndex(inked)), FIELD - 1 - profile.findLastIndex(inked));
}

/** An image from the value, 0..255, of each pixel. */
function makeImage(value) {
  return Uint8Array.from({ length: FIELD ** 2 }, (_, i) => value(Math.floor(i / FIELD), i % FIELD));
}
