/**
 * The digits that a reader of the book keeps. They lie in the storage of this browser for these pages, which no server
 * sees, until they are deleted. As a file they have the form of my_digits.json (helpers/canvas/collection.py).
 */

import { contentOf, download, fileChooser, isItem, makeFile, readFile } from "./collection.js";

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

  /** Add those of the items that are not there yet; returns how many these are. */
  addNew(items) {
    if (!this.error) this.read();
    const there = new Set(this.items.map(contentOf));
    const before = this.items.length;
    for (const { label, pen, strokes, image } of items) {
      const item = { label, pen, strokes, image };
      const content = contentOf(item);
      if (!there.has(content)) this.items.push(item);
      there.add(content);
    }
    this.store();
    return this.items.length - before;
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
    return makeFile(this.items, NAME);
  }
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

/** The line below the pad: how many digits are kept, and where; take them as a file, open one, share, delete. */
export class KeptLine {
  /** kept: a Kept. changed(): is called when its digits have become others. */
  constructor(kept, changed) {
    this.kept = kept;
    this.changed = changed;
    this.text = document.createElement("span");
    this.text.setAttribute("role", "status");
    const chooser = fileChooser(([file]) => file && this.open(file));
    this.withDigits = [this.button("Download", () => download(kept.file()))];
    if (navigator.canShare?.({ files: [kept.file()] })) this.withDigits.push(this.button("Share", () => this.share()));
    this.withDigits.push(this.button("Delete", () => this.delete()));
    this.element = document.createElement("p");
    this.element.className = "kept-here";
    this.element.append(this.text, ...this.withDigits, this.button("Open a file", () => chooser.click()), chooser);
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
    for (const element of this.withDigits) element.hidden = length === 0;
    const are = length === 1 ? "digit is" : "digits are";
    this.text.textContent = this.kept.error || (length ? `${length} ${are} kept in this browser, and nowhere else.` : "");
  }

  /** Add the digits of a file to those that are kept. */
  async open(file) {
    let said;
    try {
      const { items, damaged } = await readFile(file);
      const added = this.kept.addNew(items);
      this.changed();
      said = `${added} added from ${file.name}`;
      if (added < items.length) said += `, ${items.length - added} were there already`;
      if (damaged) said += `, ${damaged} damaged and left out`;
      said += ".";
    } catch (problem) {
      said = problem.message;
    }
    this.show();
    this.text.textContent = `${said} ${this.text.textContent}`.trim();
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
