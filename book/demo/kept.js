/**
 * The digits that a reader of the book keeps. They lie in the storage of this browser for these pages, which no server
 * sees, until they are deleted. As a file they have the form of my_digits.json (helpers/canvas/collection.py).
 */

const KEY = "digits-with-mxnet: my_digits";
const NAME = "my_digits.json";

/** The kept digits, {label, pen, strokes, image: 784 numbers 0 to 255}, oldest first. */
export class Kept {
  constructor() {
    this.items = [];
    this.error = "";
    this.read();
  }

  /** Take what is in the storage: another page of the book may have added to it. */
  read() {
    let text = null;
    try {
      text = localStorage.getItem(KEY);
      const found = JSON.parse(text ?? "[]");
      if (!Array.isArray(found) || !found.every(isItem)) throw new TypeError("not a list of digits");
      this.items = found;
    } catch (problem) {
      if (text !== null) setAside(text);
    }
  }

  /** Add an item. Where the browser stores nothing it is kept until the page is left, and `error` says so. */
  add(item) {
    if (!this.error) this.read();
    this.items.push(item);
    this.store();
  }

  delete() {
    this.items = [];
    this.store();
  }

  store() {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.items));
      this.error = "";
    } catch {
      this.error = "This browser stores no more: download your digits before you leave the page.";
    }
  }

  /** All of them as the file that chapter 5 reads. */
  file() {
    const lines = this.items.map((item) => JSON.stringify(item));
    return new File([`[\n${lines.join(",\n")}\n]\n`], NAME, { type: "application/json" });
  }
}

/** Whether this is a digit as it was kept. */
function isItem(found) {
  return Number.isInteger(found?.label) && found.label >= 0 && found.label <= 9 && found.pen > 0
    && Array.isArray(found.strokes) && found.image?.length === 784;
}

/** Damaged digits make room for new ones, and still nothing is lost. */
function setAside(text) {
  try {
    localStorage.setItem(`${KEY}, damaged`, text);
    localStorage.removeItem(KEY);
  } catch {
    // It stays where it is, and the next digit says that nothing can be stored.
  }
}

/** The line below the pad: how many digits are kept, and where; take them as a file, hand it on, delete them. */
export class KeptLine {
  /** kept: a Kept. changed(): is called when the digits have been deleted. */
  constructor(kept, changed) {
    this.kept = kept;
    this.changed = changed;
    this.text = document.createElement("span");
    this.text.setAttribute("role", "status");
    this.element = document.createElement("p");
    this.element.className = "kept-here";
    this.element.append(this.text, this.button("Download", () => this.download()));
    if (navigator.canShare?.({ files: [kept.file()] })) {
      this.element.append(this.button("Share", () => this.share()));
    }
    this.element.append(this.button("Delete", () => this.delete()));
    this.show();
  }

  button(name, press) {
    const element = document.createElement("button");
    element.type = "button";
    element.textContent = name;
    element.addEventListener("click", press);
    return element;
  }

  show() {
    const { length } = this.kept.items;
    this.element.hidden = length === 0;
    this.text.textContent = this.kept.error
      || `${length} digit${length === 1 ? " is" : "s are"} kept in this browser, and nowhere else.`;
  }

  download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(this.kept.file());
    link.download = NAME;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000); // the download has begun by then
  }

  async share() {
    try {
      await navigator.share({ files: [this.kept.file()] });
    } catch (problem) {
      if (problem.name !== "AbortError") this.text.textContent = "It could not be shared: press Download instead.";
    }
  }

  delete() {
    this.kept.delete();
    this.show();
    this.changed();
  }
}
