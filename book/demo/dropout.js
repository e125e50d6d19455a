/** Dropout as it is in training: masks drawn by lot, for the network of chapter 4 that takes them as inputs. */

export const P = 0.3; // share of the values that are set to zero, as the chapter's network was trained
const SHAPES = { // of the masks of one network, as tools/book_demo.py names them
  drop1_mask: [32, 14, 14],
  drop2_mask: [64, 7, 7],
  drop3_mask: [128, 3, 3],
  drop4_mask: [625],
};

/** What to multiply `count` values with: 0 with probability p, else 1 / (1 - p). random(): as Math.random. */
export function mask(count, p = P, random = Math.random) {
  return Float32Array.from({ length: count }, () => (random() < p ? 0 : 1 / (1 - p)));
}

/** The masks of `times` thinned networks, or with p = 0 of whole ones: by the name of each input, {data, dims}. */
export function masks(times, p = P, random = Math.random) {
  const made = Object.entries(SHAPES).map(([name, shape]) => {
    const dims = [times, ...shape];
    return [name, { data: mask(dims.reduce((size, side) => size * side), p, random), dims }];
  });
  return Object.fromEntries(made);
}
