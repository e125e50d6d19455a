/**
 * The teacher's page: what the networks make of the digits that a class has kept. The files are opened here, and their
 * digits are in this page's memory only.
 */

import { contentOf, download, fileChooser, makeFile, nameOf, readFile } from "./collection.js";
import { Reader } from "./reader.js";

const NETWORKS = { MLP: "mlp", LeNet: "lenet", CNN: "dropout-cnn", "CNN for drawings": "canvas" };
const NAMES = Object.keys(NETWORKS);
const DIGITS = [...Array(10).keys()];
const UNSURE = 10; // the column of the answers that are none
const Z = 1.959963984540054; // of the normal distribution: 95 % lie within so many standard deviations

// ---------------------------------------------------------------------------------------------- numbers

/** Wilson's interval, [low, high] in 0..1: where the true share lies, with 95 % confidence, after `right` of `count`. */
export function wilson(right, count) {
  const share = right / count;
  const square = Z ** 2 / count;
  const middle = share + square / 2;
  const reach = Z * Math.sqrt((share * (1 - share) + square / 4) / count);
  return [Math.max(0, (middle - reach) / (1 + square)), Math.min(1, (middle + reach) / (1 + square))];
}

/** How often a network gave each answer, [drawn digit][answer], "not sure" last: 10 x 11 numbers. */
export function confusion(items, network) {
  const table = DIGITS.map(() => new Array(11).fill(0));
  for (const { label, answers } of items) table[label][answers[network] ?? UNSURE] += 1;
  return table;
}

const countOf = (items, network) => items.filter(({ label, answers }) => answers[network] === label).length;

const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** "9 of 10, 90.0 % (59.6 to 98.2)" in its two parts; without digits nothing. */
function accuracy(right, count) {
  if (!count) return ["", ""];
  const [low, high] = wilson(right, count);
  return [percent(right / count), `${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}`];
}

const plural = (count, one, several = `${one}s`) => `${count} ${count === 1 ? one : several}`;

// ---------------------------------------------------------------------------------------------- the class

/** The digits of all people, {label, pen, strokes, image, person, answers: by network, once they have been read}. */
class Class {
  constructor() {
    this.clear();
  }

  clear() {
    this.items = [];
    this.owners = new Map(); // of each content that is there, the item
  }

  get people() {
    return [...new Set(this.items.map(({ person }) => person))];
  }

  itemsOf(person) {
    return this.items.filter((item) => item.person === person);
  }

  /** Add the items of a file; each content counts once. Returns a line about it, or "" where all of it is new. */
  add(items, damaged, file) {
    const name = nameOf(file.replace(/\.json$/i, "")) || "no name";
    const known = items.map((item) => this.owners.get(contentOf(item))?.person);
    const again = known.filter(Boolean).length;
    const person = known.includes(name) ? name : this.unused(name);
    let added = 0;
    for (const item of items) {
      const content = contentOf(item);
      if (this.owners.has(content)) continue;
      const owned = { ...item, person: item.person ?? person };
      this.owners.set(content, owned);
      this.items.push(owned);
      added += 1;
    }
    const said = [];
    if (!added) said.push(`all its digits are here already, from ${[...new Set(known.filter(Boolean))].join(", ") || name}`);
    else if (added < items.length) said.push(`${items.length - added} of its digits were here already and count once`);
    if (damaged) said.push(`${plural(damaged, "item is damaged and is", "items are damaged and are")} left out`);
    if (added && again < items.length && person !== name && items.some((item) => !item.person)) {
      said.push(`there is another ${name}, so this one is called ${person}: change it below`);
    }
    return said.length ? `${nameOf(file)}: ${said.join("; ")}.` : "";
  }

  /** The name, or where somebody has it, the name with the first number that nobody has. */
  unused(name) {
    const { people } = this;
    let chosen = name;
    for (let number = 2; people.includes(chosen); number += 1) chosen = `${name} ${number}`;
    return chosen;
  }

  rename(person, name) {
    for (const item of this.itemsOf(person)) item.person = name;
  }

  remove(person) {
    this.items = this.items.filter((item) => item.person !== person);
    this.owners = new Map(this.items.map((item) => [contentOf(item), item]));
  }

  /** All digits with their people as a file that this page and chapter 5 read. */
  file() {
    const items = this.items.map(({ label, pen, strokes, image, person }) => ({ label, pen, strokes, image, person }));
    return makeFile(items, "class.json");
  }
}

// ---------------------------------------------------------------------------------------------- elements

/** An HTML element with attributes (a function is an event's listener) and children, elements or text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** A digit as the networks received it, with what is said below it. */
function picture(item, said, caption) {
  const canvas = make("canvas", { width: 28, height: 28, role: "img", "aria-label": said });
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(28, 28);
  item.image.forEach((byte, i) => pixels.data.set([byte, byte, byte, 255], 4 * i));
  context.putImageData(pixels, 0, 0);
  return make("span", { class: "digit" }, canvas, make("span", { "aria-hidden": "true" }, caption));
}

const inWords = (answer) => (answer === null ? "not sure" : `${answer}`);
const sign = (answer) => (answer === null ? "?" : `${answer}`);

/** A table that scrolls sideways where it is too wide. */
function scrolling(label, table) {
  return make("div", { class: "wide", role: "region", "aria-label": label, tabindex: 0 }, table);
}

function choice(id, label, options, changed) {
  const select = make("select", { id, change: changed }, ...options.map(([value, text]) => make("option", { value }, text)));
  return { select, element: make("p", { class: "choice" }, make("label", { for: id }, label), select) };
}

// ---------------------------------------------------------------------------------------------- the page

class Page {
  constructor(place) {
    this.class = new Class();
    this.readers = null; // a promise, once there is something to read
    this.queue = Promise.resolve(); // files are opened one after the other
    const chooser = fileChooser((files) => this.open(files), true);
    this.status = make("p", { class: "state", role: "status" });
    this.lines = make("ul", { class: "lines", "aria-live": "polite", "aria-label": "What is to be said of the files" });
    this.people = make("section", { class: "people" });
    this.matrix = make("div");
    this.gallery = make("div");
    const renew = () => this.show();
    this.network = choice("class-network", "Network", NAMES.map((name) => [name, name]), renew);
    this.network.select.value = NAMES.at(-1);
    const everyDigit = [["", "all digits"], ...DIGITS.map((digit) => [digit, `only ${digit}`])];
    this.misread = choice("class-misread", "Show", everyDigit, renew);
    this.digit = choice("class-digit", "Digit", DIGITS.map((digit) => [digit, `${digit}`]), renew);
    this.digit.select.value = "7";
    this.found = make("div", { class: "found", hidden: true },
      make("div", { class: "actions" },
        make("button", { type: "button", click: () => download(this.class.file()) }, "Download one merged file"),
        make("button", { type: "button", click: () => this.clear() }, "Remove all")),
      make("h2", {}, "Which digit is read as which"), this.network.element, this.matrix,
      make("h2", {}, "Whose digits fool which network"), this.misread.element, this.people,
      make("h2", {}, "One digit, side by side"), this.digit.element, this.gallery);
    this.zone = make("button", { type: "button", class: "drop", click: () => chooser.click() },
      make("strong", {}, "Open the files of a class"), make("span", {}, "or drop them here: my_digits.json, anna.json …"));
    place.append(this.zone, chooser, this.status, this.lines, this.found);
    this.listenForDrops(place);
  }

  listenForDrops(place) {
    const over = (event) => {
      event.preventDefault(); // else the browser opens the file in place of the page
      this.zone.classList.toggle("over", event.type === "dragover");
      if (event.type === "drop") this.open([...event.dataTransfer.files]);
    };
    for (const type of ["dragover", "drop"]) place.addEventListener(type, over);
    place.addEventListener("dragleave", () => this.zone.classList.remove("over"));
  }

  open(files) {
    this.status.dataset.state = "reading";
    this.queue = this.queue.then(() => this.take(files));
  }

  async take(files) {
    this.lines.replaceChildren();
    for (const [number, file] of files.entries()) {
      this.status.textContent = `Opening file ${number + 1} of ${files.length} …`;
      try {
        const { items, damaged } = await readFile(file);
        this.say(this.class.add(items, damaged, file.name));
      } catch (problem) {
        this.say(problem.message);
      }
    }
    await this.readAll();
    this.show();
  }

  say(line) {
    if (line) this.lines.append(make("li", {}, line));
  }

  /** Let all networks read what none has read yet. */
  async readAll() {
    const unread = this.class.items.filter(({ answers }) => !answers);
    if (!unread.length) return;
    this.status.textContent = "Loading the networks …";
    this.readers ??= Reader.load(NETWORKS);
    const readers = await this.readers;
    const errors = new Set();
    for (const [number, item] of unread.entries()) {
      if (number % 20 === 0) this.status.textContent = `The networks have read ${number} of ${unread.length} digits …`;
      const { readings, error } = await readers.read(item.image);
      if (error) errors.add(error);
      item.answers = Object.fromEntries(NAMES.map((name) => [name, readings[name].answer]));
    }
    errors.forEach((error) => this.say(error));
  }

  clear() {
    this.class.clear();
    this.lines.replaceChildren();
    this.show();
    this.zone.focus();
  }

  show() {
    const { items, people } = this.class;
    this.status.dataset.state = "ready";
    this.status.textContent = items.length
      ? `${plural(items.length, "digit")} of ${plural(people.length, "person", "people")}.` : "";
    this.found.hidden = items.length === 0;
    if (!items.length) return;
    this.matrix.replaceChildren(scrolling("Which digit is read as which", this.matrixTable()));
    this.people.replaceChildren(scrolling("Whose digits fool which network", this.peopleTable()));
    this.gallery.replaceChildren(this.row(this.digit.select.value));
  }

  matrixTable() {
    const network = this.network.select.value;
    const { items } = this.class;
    const table = confusion(items, network);
    const head = ["drawn", ...DIGITS, "?", "right", "accuracy", "95 % interval"];
    const rows = table.map((counts, digit) => {
      const count = counts.reduce((sum, value) => sum + value, 0);
      const cells = counts.map((value, answer) => {
        const cell = make("td", { class: answer === digit ? "count right" : "count" }, value ? `${value}` : "");
        if (value) cell.style.setProperty("--share", `${Math.round(20 + (80 * value) / count)}%`);
        return cell;
      });
      const [share, interval] = accuracy(counts[digit], count);
      return make("tr", { "data-digit": digit }, make("th", { scope: "row" }, `${digit}`), ...cells,
        make("td", {}, count ? `${counts[digit]} of ${count}` : ""), make("td", {}, share), make("td", {}, interval));
    });
    const right = countOf(items, network);
    const sums = [...DIGITS, UNSURE].map((answer) => table.reduce((sum, counts) => sum + counts[answer], 0));
    const [share, interval] = accuracy(right, items.length);
    const all = make("tr", { "data-digit": "all" }, make("th", { scope: "row" }, "all"),
      ...sums.map((sum) => make("td", { class: "count" }, sum ? `${sum}` : "")),
      make("td", {}, `${right} of ${items.length}`), make("td", {}, share), make("td", {}, interval));
    return make("table", { class: "confusion" },
      make("caption", {}, `${network}: the drawn digit in rows, the answer in columns, ? where it is not sure`),
      make("thead", {}, make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, `${text}`)))),
      make("tbody", {}, ...rows), make("tfoot", {}, all));
  }

  peopleTable() {
    const { value } = this.misread.select;
    const head = ["person", ...NAMES, ""];
    const rows = this.class.people.map((person) => {
      const items = this.class.itemsOf(person).filter(({ label }) => value === "" || label === Number(value));
      const cells = NAMES.map((network) => {
        const wrong = items.filter(({ label, answers }) => answers[network] !== label);
        const pictures = wrong.map((item) => {
          const answer = item.answers[network];
          return picture(item, `a ${item.label}, read as: ${inWords(answer)}`, `${item.label} → ${sign(answer)}`);
        });
        return make("td", { "data-network": network },
          make("span", { class: "score" }, items.length ? `${items.length - wrong.length} of ${items.length}` : "none"),
          make("div", { class: "digits" }, ...pictures));
      });
      const name = make("input", { type: "text", value: person, maxlength: 60, "aria-label": `Name of ${person}`,
        change: (event) => this.rename(person, event.target) });
      const remove = make("button", { type: "button", "aria-label": `Remove ${person}`,
        click: () => this.remove(person) }, "Remove");
      return make("tr", { "data-person": person }, make("th", { scope: "row" }, name), ...cells, make("td", {}, remove));
    });
    return make("table", { class: "persons" },
      make("caption", {}, "How many each network reads right, and those that it misreads, with its answers"),
      make("thead", {}, make("tr", {}, ...head.map((text) => (text ? make("th", { scope: "col" }, text) : make("td"))))),
      make("tbody", {}, ...rows));
  }

  /** All drawings of one digit, with their people and what the chosen network answers. */
  row(digit) {
    const network = this.network.select.value;
    const items = this.class.items.filter(({ label }) => label === Number(digit));
    if (!items.length) return make("p", {}, `Nobody has drawn a ${digit}.`);
    const figures = items.map((item) => {
      const answer = item.answers[network];
      const figure = picture(item, `${item.person}: a ${digit}, read as: ${inWords(answer)}`, `→ ${sign(answer)}`);
      figure.append(make("span", { class: "whose", "aria-hidden": "true" }, item.person));
      figure.classList.toggle("wrong", answer !== item.label);
      return figure;
    });
    return make("div", { class: "digits large" }, ...figures);
  }

  rename(person, input) {
    const name = nameOf(input.value);
    if (name) this.class.rename(person, name);
    this.show();
  }

  remove(person) {
    this.class.remove(person);
    this.show();
    (this.people.querySelector("input") ?? this.zone).focus();
  }
}

const style = make("link", { rel: "stylesheet", href: new URL("class.css", import.meta.url).href });
document.head.append(style);
const place = document.getElementById("live-class");
if (place) new Page(place);
