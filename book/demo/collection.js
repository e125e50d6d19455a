/**
 * Files of kept digits, in the form of my_digits.json: a list of items {label, pen, strokes, image}. The bounds are those
 * of helpers/canvas/collection.py, which refuses a file for one damaged item; here the others are taken.
 */

const MOST = 2 ** 24; // bytes of a file
const FIX = "ask for the file again";

/** Whether this is a digit with its label 0 to 9, its pen as a share of the pad, strokes, and 784 bytes of an image. */
export function isItem(found) {
  return Number.isInteger(found?.label) && found.label >= 0 && found.label <= 9
    && typeof found.pen === "number" && found.pen > 0 && found.pen <= 1
    && Array.isArray(found.image) && found.image.length === 784 && found.image.every(isByte)
    && Array.isArray(found.strokes) && found.strokes.every(isStroke) && found.strokes.some(({ length }) => length > 0);
}

const isByte = (value) => Number.isInteger(value) && value >= 0 && value <= 255;
const isStroke = (found) => Array.isArray(found) && found.every(isPoint);
const isPoint = (found) => Array.isArray(found) && found.length === 2 && found.every(Number.isFinite);

/** A text that is the same for two items exactly if they are the same drawing with the same label. */
export function contentOf({ label, pen, strokes, image }) {
  return JSON.stringify([label, pen, strokes, image]);
}

/**
 * The items of a File, and how many others in it are damaged. Each item has its own fields only, and the name of its
 * person where the file gives one. Throws an Error whose message is one line, where there is no item.
 */
export async function readFile(file) {
  if (file.size > MOST) throw noCollection(file, `has ${Math.ceil(file.size / 1e6)} MB, more than ${Math.floor(MOST / 1e6)}`);
  if (file.size === 0) throw noCollection(file, "is empty");
  let found;
  try {
    found = JSON.parse(await file.text());
  } catch (problem) {
    const [is, fix] = problem instanceof DOMException ? ["cannot be read", "choose it again"] : ["is no JSON, or is cut off", FIX];
    throw noCollection(file, is, fix);
  }
  if (!Array.isArray(found)) throw noCollection(file, "holds no list");
  if (!found.length) throw noCollection(file, "holds no digit", "keep some, and download them again");
  const items = found.filter(isItem).map(({ label, pen, strokes, image, person }) => {
    const name = nameOf(person);
    return name ? { label, pen, strokes, image, person: name } : { label, pen, strokes, image };
  });
  if (!items.length) throw noCollection(file, "holds something else");
  return { items, damaged: found.length - items.length };
}

/** A person's name on one line, of at most 60 characters; "" where there is none. */
export function nameOf(text) {
  return typeof text === "string" ? text.replace(/[\s\p{C}]+/gu, " ").trim().slice(0, 60).trim() : "";
}

/** Items as a file of this name. */
export function makeFile(items, name) {
  const lines = items.map((item) => JSON.stringify(item));
  return new File([`[\n${lines.join(",\n")}\n]\n`], name, { type: "application/json" });
}

/** Let the browser download a file. */
export function download(file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000); // the download has begun by then
}

/** A hidden input that lets a person choose files. take(files): is called with an array of them. */
export function fileChooser(take, multiple = false) {
  const input = document.createElement("input");
  Object.assign(input, { type: "file", accept: ".json,application/json", multiple, hidden: true });
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // so that the same file can be chosen again
    take(files);
  });
  return input;
}

function noCollection(file, is, fix = FIX) {
  return new Error(`expected a file of kept digits, got ${nameOf(file.name)}, which ${is}: ${fix}`);
}
