/**
 * Thick round lines in black and white, as OpenCV draws them: cv2.polylines with LINE_8 and 8 bits of fraction.
 *
 * Each line is a rectangle with a disc at either end. Written after modules/imgproc/src/drawing.cpp of OpenCV 4
 * (ThickLine, FillConvexPoly, Line2, Circle, clipLine), whose order and rounding are kept wherever they decide about
 * a pixel. Inside, coordinates are whole 65536ths of a pixel, counted from the middle of the first one.
 */

const ONE = 2 ** 16; // a pixel
const INK = 255;
export const FRACTION = 2 ** 8; // of a pixel: the unit of the points that are given

/** The nearest whole number, of two the even one, as Python, NumPy and OpenCV round. */
export function round(value) {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 ? nearest - 1 : nearest;
}

/**
 * Draw strokes: side * side bytes of 0 and 255, row by row.
 *
 * strokes: lists of points [x, y], whole 256ths of a pixel from the middle of the first one. thickness: 1, or an even
 * number of pixels, of which OpenCV draws one more.
 */
export function drawLines(strokes, side, thickness) {
  const picture = { side, pixels: new Uint8Array(side * side) };
  const drawLine = thickness === 1 ? drawThinLine : drawThickLine;
  for (const stroke of strokes) {
    const points = stroke.map((point) => point.map((coordinate) => coordinate * (ONE / FRACTION)));
    points.forEach((point, i) => drawLine(picture, points[Math.max(i - 1, 0)], point, thickness));
  }
  return picture.pixels;
}

/** The pixel that a coordinate is in. */
const pixel = (coordinate) => Math.floor((coordinate + ONE / 2) / ONE);

/** Ink the pixels left..right of a row, as far as they are in the picture. */
function fillRow({ side, pixels }, row, left, right) {
  if (row < 0 || row >= side || right < 0) return; // a negative index would count from the end
  pixels.fill(INK, row * side + Math.max(left, 0), row * side + Math.min(right, side - 1) + 1);
}

/** A line from p to q with a round end at q; only that where they are one point. */
function drawThickLine(picture, p, q, thickness) {
  drawRectangle(picture, p, q, thickness);
  drawDisc(picture, q.map(pixel), thickness / 2);
}

/** Bresenham's circle, filled. */
function drawDisc(picture, [x, y], radius) {
  for (let wide = radius, narrow = 0; wide >= narrow;) {
    for (const [row, reach] of [[narrow, wide], [wide, narrow]]) {
      fillRow(picture, y - row, x - reach, x + reach);
      fillRow(picture, y + row, x - reach, x + reach);
    }
    narrow += 1;
    if (wide * wide + narrow * narrow > radius * radius) wide -= 1;
  }
}

/** The same with square ends, at p and at q; nothing where they are one point. */
function drawRectangle(picture, p, q, thickness) {
  const [dx, dy] = [(p[0] - q[0]) / ONE, (q[1] - p[1]) / ONE];
  const length = Math.sqrt(dx * dx + dy * dy);
  if (length === 0) return;
  const half = (thickness * ONE) / 2 / length;
  const [x, y] = [round(dy * half), round(dx * half)];
  const corners = [[p[0] + x, p[1] + y], [p[0] - x, p[1] - y], [q[0] - x, q[1] - y], [q[0] + x, q[1] + y]];
  corners.forEach((corner, i) => drawThinLine(picture, corners.at(i - 1), corner));
  fillOutline(picture, corners);
}

/** Ink a rectangle from its left to its right edge, in each row but the last, where its outline is all there is. */
function fillOutline(picture, corners) {
  const rows = corners.map(([, y]) => pixel(y));
  const top = Math.max(Math.min(...rows), 0);
  const bottom = Math.max(Math.min(Math.max(...rows), picture.side), top);
  const left = new Float64Array(bottom - top).fill(Infinity);
  const right = new Float64Array(bottom - top).fill(-Infinity);
  for (const i of corners.keys()) {
    const [upper, lower] = [i, (i + 1) % corners.length].sort((a, b) => rows[a] - rows[b]);
    const height = rows[lower] - rows[upper];
    const start = corners[upper][0];
    const step = Math.trunc((2 * (corners[lower][0] - start) + height) / (2 * height));
    for (let row = Math.max(rows[upper], top); row < Math.min(rows[lower], bottom); row++) {
      const x = start + step * (row - rows[upper]);
      left[row - top] = Math.min(left[row - top], x);
      right[row - top] = Math.max(right[row - top], x);
    }
  }
  left.forEach((x, i) => fillRow(picture, top + i, pixel(x), pixel(right[i])));
}

/** A line of one pixel in each column, or in each row where it is steep. */
function drawThinLine(picture, p, q) {
  const ends = clip(p, q, picture.side * ONE - 1);
  if (!ends) return;
  const [width, height] = [0, 1].map((axis) => Math.abs(ends[1][axis] - ends[0][axis]));
  const along = width > height ? 0 : 1;
  const across = 1 - along;
  const [first, last] = ends[0][along] > ends[1][along] ? [ends[1], ends[0]] : ends;
  const ink = (...place) => fillRow(picture, place[across], place[along], place[along]);
  const length = last[along] - first[along];
  const step = Math.trunc(((last[across] - first[across]) * ONE) / (length | 1));
  for (let i = 0; i * ONE <= length; i++) ink(pixel(first[along]) + i, pixel(first[across] + step * i));
  ink(pixel(last[along]), pixel(last[across]));
}

/** The part of a line that is within 0..largest, first from top to bottom, then from left to right; null for none. */
function clip(p, q, largest) {
  const ends = [[...p], [...q]];
  for (const axis of [1, 0]) {
    if (ends.every((end) => end[axis] < 0) || ends.every((end) => end[axis] > largest)) return null;
    for (const end of ends) {
      const edge = Math.min(Math.max(end[axis], 0), largest);
      if (end[axis] === edge) continue;
      const [run, rise] = [axis, 1 - axis].map((each) => ends[1][each] - ends[0][each]);
      end[1 - axis] += Math.trunc(((edge - end[axis]) * rise) / run);
      end[axis] = edge;
    }
  }
  return ends;
}
