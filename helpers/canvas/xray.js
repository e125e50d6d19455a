/**
 * The X-ray of a network: what each of its layers makes of the image on the pad, what a single unit computes of the
 * layer below it, and which ink speaks for a digit.
 *
 * What is sent are the outputs of the layers with weights; all others follow from these and are computed here. The
 * weights of a unit come when it is chosen. Units, maps, rows and columns are counted from 0, as in Python.
 */

import { bytesOf, make, paint, say } from "./elements.js";

const TILE = 40; // CSS pixels: maps are painted about as wide
const BYTES = 400; // a ms that the layers may fill while the pen moves: Jupyter drops what exceeds a million a second
const LATER = 50; // ms after which what is out of sight is painted: by then what is in sight is on the screen
const MOST_INPUTS = 8; // of a dense unit that are listed

// ---------------------------------------------------------------------------------------------- layers

const hasWeights = ({ kind }) => kind === "convolution" || kind === "dense";

/** How a layer without weights follows from the one below it. */
const FOLLOWS = {
  relu: ({ values }) => values.map((value) => Math.max(value, 0)),
  tanh: ({ values }) => values.map(Math.tanh),
  softmax({ values }) {
    const highest = Math.max(...values);
    const powers = values.map((value) => Math.exp(value - highest));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / sum);
  },
  pool(below, layer) {
    const found = new Float32Array(sizeOf(layer)).fill(-Infinity);
    eachWindow(layer, below, (unit, pixels) => {
      for (const i of pixels) if (below.values[i] > found[unit]) found[unit] = below.values[i];
    });
    return found;
  },
};

const sizeOf = ({ shape }) => shape.reduce((a, b) => a * b);

/** The maps of a layer: how many, their height and width; units of a dense layer are maps of one pixel. */
function mapsOf({ shape }) {
  return shape.length === 3 ? shape : [shape[0], 1, 1];
}

/** The map, row and column of a unit. */
function placeOf(layer, index) {
  const [, height, width] = mapsOf(layer);
  return { map: Math.floor(index / (height * width)), row: Math.floor(index / width) % height, column: index % width };
}

/** Call visit(unit, pixels) for each unit of a pool, with the numbers of its window's pixels in the layer below. */
export function eachWindow({ shape: [maps, height, width], kernel }, below, visit) {
  const [, tall, wide] = below.shape;
  const pixels = new Array(kernel * kernel);
  for (let unit = 0; unit < maps * height * width; unit++) {
    const [map, row, column] = [Math.floor(unit / (height * width)), Math.floor(unit / width) % height, unit % width];
    const corner = (map * tall + row * kernel) * wide + column * kernel;
    for (let i = 0; i < pixels.length; i++) pixels[i] = corner + Math.floor(i / kernel) * wide + (i % kernel);
    visit(unit, pixels);
  }
}

/**
 * The layers of a network from the image to the probabilities, each with its `values` and the layer `below`.
 *
 * plan: as helpers/classifier/inside.py makes it. outputs: float32, of the layers with weights, one after the other.
 * image: 784 bytes.
 */
export function layersOf(plan, outputs, image) {
  let at = 0;
  let below = null;
  return plan.map((part) => {
    const layer = { ...part, below };
    if (layer.kind === "image") layer.values = Float32Array.from(image, (byte) => byte / 255);
    else if (hasWeights(layer)) layer.values = outputs.subarray(at, (at += sizeOf(layer)));
    else layer.values = FOLLOWS[layer.kind](below, layer);
    return (below = layer);
  });
}

/** What a unit of a convolution or a pool looks at, in one map of the layer below: {row, column, index, value} of each pixel. */
function windowOf(layer, below, index, map = placeOf(layer, index).map) {
  const [, height, width] = mapsOf(below);
  const { kernel, pad = 0 } = layer;
  const step = layer.kind === "pool" ? kernel : 1;
  const { row, column } = placeOf(layer, index);
  return Array.from({ length: kernel * kernel }, (_, i) => {
    const y = row * step - pad + Math.floor(i / kernel);
    const x = column * step - pad + (i % kernel);
    const inside = y >= 0 && y < height && x >= 0 && x < width;
    const at = (map * height + y) * width + x;
    return { row: y, column: x, index: inside ? at : null, value: inside ? below.values[at] : 0 };
  });
}

/**
 * What a unit of a layer with weights adds up: `groups`, one for each map below a convolution, one in all of a dense
 * layer, with `inputs`, `weights`, `products` and their `sum`; and the `sum` of all, to which the bias comes.
 */
export function partsOf(layer, index, weights) {
  const { below } = layer;
  const count = layer.kind === "dense" ? 1 : mapsOf(below)[0];
  const size = weights.length / count;
  const groups = Array.from({ length: count }, (_, map) => {
    const inputs = layer.kind === "dense" ? [...below.values] : windowOf(layer, below, index, map).map(({ value }) => value);
    const own = [...weights.subarray(map * size, (map + 1) * size)];
    const products = inputs.map((input, i) => input * own[i]);
    return { map, inputs, weights: own, products, sum: products.reduce((a, b) => a + b) };
  });
  return { groups, sum: groups.reduce((all, { sum }) => all + sum, 0) };
}

/** The layer whose weights a unit's value comes from: its own, or that below an activation or the softmax; or null. */
function weighted(layer) {
  if (hasWeights(layer)) return layer;
  return layer.below && hasWeights(layer.below) ? layer.below : null;
}

// ---------------------------------------------------------------------------------------------- in words

const number = (value, digits = 2) => value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1").replace("-", "−");

const plural = (count, name) => `${count} ${name}${count === 1 ? "" : "s"}`;

function unitName(layer, index) {
  const { map, row, column } = placeOf(layer, index);
  if (layer.kind === "image") return `row ${row}, column ${column}`;
  if (layer.shape.length === 3) return `map ${map}, row ${row}, column ${column}`;
  return layer.shape[0] === 10 ? `digit ${index}` : `unit ${index}`;
}

/** What a layer is and does. */
function described(layer) {
  const [count, height, width] = mapsOf(layer);
  const maps = layer.shape.length === 3 ? `${count} maps of ${height} × ${width}` : `${count} units`;
  const { kernel } = layer;
  return {
    image: `the image, ${height} × ${width}`,
    convolution: `${maps}, each a filter's sums over windows of ${kernel} × ${kernel}`,
    dense: `${maps}, each a weighted sum of everything above`,
    relu: `${maps}, where what is below 0 becomes 0`,
    tanh: `${maps}, squeezed between −1 and 1`,
    pool: `${maps}, the largest of each ${kernel} × ${kernel} pixels`,
    softmax: "ten probabilities",
  }[layer.kind];
}

/** The value at which the colours of a layer are brightest. */
function scaleOf({ kind, values }) {
  if (kind === "image" || kind === "softmax") return 1;
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
}

// ---------------------------------------------------------------------------------------------- pictures

/** From -1 to 1: orange, black, blue; told apart with any kind of colour vision. */
function colourOf(share) {
  return share < 0 ? [-230 * share, -130 * share, 0] : [60 * share, 170 * share, 255 * share];
}

/** The same as pixels of a picture, for whole 255ths from -255 to 255; made once, as there are many pixels to paint. */
const COLOURS = pixelsOf((step) => colourOf(step / 255));

/** Likewise from black to white. */
const GREYS = pixelsOf((step) => [Math.max(step, 0), Math.max(step, 0), Math.max(step, 0)]);

function pixelsOf(colour) {
  const bytes = Array.from({ length: 511 }, (_, i) => [...colour(i - 255), 255]);
  return new Uint32Array(Uint8ClampedArray.from(bytes.flat()).buffer);
}

/** Black or white, whichever is read better on a colour: by the luminance and the contrast of WCAG 2. */
function textOn(colour) {
  const [red, green, blue] = colour.map((light) => (light / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

/** Values as maps side by side in as many rows as they need, each value a square of colour. */
class Maps {
  constructor(attributes = {}) {
    this.canvas = make("canvas", { class: "maps", width: 1, height: 1, ...attributes });
    this.scratch = make("canvas"); // a pixel for each value
  }

  /** layer: its shape and values. scale: the value of the brightest colour. room: width to fill, in CSS pixels. */
  show(layer, scale, room) {
    const [count, height, width] = mapsOf(layer);
    const ten = count === 10 && width === 1;
    this.side = width > 1 ? Math.min(Math.max(Math.round(TILE / width), 2), 8) : ten ? 30 : 14; // of a value's square
    if (count === 1) this.side = Math.max(this.side, 4);
    const gap = width > 1 ? 2 : 1;
    this.pitch = [width * this.side + gap, height * this.side + gap];
    const rows = Math.ceil(count / Math.max(1, Math.floor((room + gap) / this.pitch[0])));
    this.columns = Math.ceil(count / rows); // all rows about as long
    this.maps = [count, height, width];
    const size = [this.columns * this.pitch[0] - gap, rows * this.pitch[1] - gap];
    if (this.canvas.width !== size[0]) this.canvas.width = size[0];
    if (this.canvas.height !== size[1]) this.canvas.height = size[1];
    const context = this.canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, ...size);
    if (width > 1) this.paintMaps(context, layer, scale);
    else this.paintUnits(context, layer, scale, rows);
    if (ten) this.writeDigits(context, layer.values, scale);
  }

  paintMaps(context, layer, scale) {
    const [count, height, width] = this.maps;
    this.paintScratch(layer, scale, width, count * height);
    for (let map = 0; map < count; map++) {
      const [x, y] = this.corner(map);
      context.drawImage(this.scratch, 0, map * height, width, height, x, y, width * this.side, height * this.side);
    }
  }

  /** All units at once, and then the gaps between them: a single one for each would take long. */
  paintUnits(context, layer, scale, rows) {
    const [pitch] = this.pitch;
    this.paintScratch(layer, scale, this.columns, rows);
    context.drawImage(this.scratch, 0, 0, this.columns * pitch, rows * pitch);
    for (let i = 1; i < Math.max(this.columns, rows); i++) {
      context.clearRect(i * pitch - 1, 0, 1, rows * pitch);
      context.clearRect(0, i * pitch - 1, this.columns * pitch, 1);
    }
  }

  /** Paint all values row by row, a pixel for each. */
  paintScratch({ kind, values }, scale, width, height) {
    if (this.scratch.width !== width) this.scratch.width = width;
    if (this.scratch.height !== height) this.scratch.height = height;
    const context = this.scratch.getContext("2d");
    const picture = context.createImageData(width, height);
    const pixels = new Uint32Array(picture.data.buffer);
    const colours = kind === "image" ? GREYS : COLOURS;
    for (let i = 0; i < values.length; i++) pixels[i] = colours[255 + Math.round((255 * values[i]) / scale)];
    context.putImageData(picture, 0, 0);
  }

  writeDigits(context, values, scale) {
    Object.assign(context, { font: "15px system-ui, sans-serif", textAlign: "center", textBaseline: "middle" });
    values.forEach((value, digit) => {
      const [x, y] = this.corner(digit);
      context.fillStyle = textOn(colourOf(value / scale));
      context.fillText(`${digit}`, x + this.side / 2, y + this.side / 2 + 1);
    });
  }

  /** The upper left corner of a map on the canvas. */
  corner(map) {
    return [(map % this.columns) * this.pitch[0], Math.floor(map / this.columns) * this.pitch[1]];
  }

  /** Draw a frame around pixels of a map. */
  mark({ map, row, column, height = 1, width = 1 }) {
    const [x, y] = this.corner(map);
    const context = this.canvas.getContext("2d");
    const box = [x + column * this.side, y + row * this.side, width * this.side, height * this.side];
    for (const [colour, out] of [["#000", 2.5], ["#fff", 1]]) {
      Object.assign(context, { strokeStyle: colour, lineWidth: 1.5 });
      context.strokeRect(box[0] - out, box[1] - out, box[2] + 2 * out, box[3] + 2 * out);
    }
  }

  /** The number of the value at a place on the page; of the nearest one where there is none. */
  at({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect();
    const [count, height, width] = this.maps;
    const [x, y] = [(clientX - box.left) * (this.canvas.width / box.width), (clientY - box.top) * (this.canvas.height / box.height)];
    const tile = [x / this.pitch[0], y / this.pitch[1]].map((each) => Math.max(0, Math.floor(each)));
    const map = Math.min(Math.min(tile[0], this.columns - 1) + tile[1] * this.columns, count - 1);
    const corner = this.corner(map);
    const [column, row] = [[x - corner[0], width], [y - corner[1], height]].map(([offset, size]) =>
      Math.min(Math.max(Math.floor(offset / this.side), 0), size - 1));
    return (map * height + row) * width + column;
  }
}

/** A layer on the page: what it is, its scale, and its maps, whose units are chosen by a tap or by keys. */
class LayerView {
  /** chosen(index): is called with the number of a unit, or null. */
  constructor(id, chosen) {
    this.chosen = chosen;
    this.index = 0; // of the unit that the keys have come to
    this.name = make("strong");
    this.what = make("span");
    this.scale = make("span", { class: "scale" });
    this.maps = new Maps({ tabindex: 0, role: "slider", "aria-valuemin": 0, "aria-describedby": `${id}-units`,
      click: (event) => this.choose(this.maps.at(event)), keydown: (event) => this.key(event),
      focus: () => this.maps.canvas.matches(":focus-visible") && this.choose(this.index) });
    this.element = make("figure", { class: "layer" },
      make("figcaption", {}, this.name, " ", this.what, " · ", this.scale), this.maps.canvas);
    this.isInSight = true; // until the page says otherwise
  }

  show(layer, room) {
    const scale = scaleOf(layer);
    this.layer = layer;
    this.index = Math.min(this.index, layer.values.length - 1);
    this.element.dataset.layer = layer.name;
    say(this.name, layer.name);
    say(this.what, described(layer));
    const ends = { image: "black 0, white 1", softmax: "black 0, blue 1" }[layer.kind];
    const least = layer.kind === "relu" || layer.values.every((value) => value >= 0) ? "" : `, orange −${number(scale)}`;
    say(this.scale, ends ?? `black 0, blue ${number(scale)}${least}`);
    this.maps.show(layer, scale, room);
    const { canvas } = this.maps;
    canvas.setAttribute("aria-label", `${layer.name}: ${described(layer)}`);
    canvas.setAttribute("aria-valuemax", layer.values.length - 1);
    this.tell();
  }

  /** For a screen reader: which unit it is, its value, and, where more is known, how that comes about. */
  tell(how = "") {
    const { canvas } = this.maps;
    canvas.setAttribute("aria-valuenow", this.index);
    const value = number(this.layer.values[this.index]);
    canvas.setAttribute("aria-valuetext", `${unitName(this.layer, this.index)}: ${value}${how && `, ${how}`}`);
  }

  choose(index) {
    this.index = index;
    this.chosen(index);
  }

  key(event) {
    const [count, height, width] = mapsOf(this.layer);
    const { map, row, column } = placeOf(this.layer, this.index);
    const beside = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const turn = { PageUp: -1, PageDown: 1, Home: -count, End: count }[event.key];
    const within = (value, size) => Math.min(Math.max(value, 0), size - 1);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") this.chosen(null);
    else if (event.key === "Enter" || event.key === " ") this.choose(this.index);
    else if (beside && width > 1) {
      this.choose((map * height + within(row + beside[1], height)) * width + within(column + beside[0], width));
    } else if (beside) this.choose(within(map + beside[0] + beside[1] * this.maps.columns, count));
    else if (turn) this.choose((within(map + turn, count) * height + row) * width + column);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

// ---------------------------------------------------------------------------------------------- a unit

/** A table of a window's numbers, each on the colour of its value. strong: the number of one with a frame. */
function tableOf(title, values, side, { cells = [], strong = null } = {}) {
  const scale = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const cell = (i) => {
    const outside = cells[i]?.index === null; // of the map: a pad of zeros
    const colour = colourOf(values[i] / scale);
    const look = `background: rgb(${colour.map(Math.round).join()}); color: ${textOn(colour)}`;
    return make("td", { style: look, class: (outside && "outside") || (i === strong && "strong") }, number(values[i]));
  };
  const rows = Array.from({ length: side }, (_, row) =>
    make("tr", {}, ...Array.from({ length: side }, (_, column) => cell(row * side + column))));
  return make("table", { class: "window" }, make("caption", {}, title), make("tbody", {}, ...rows));
}

const sign = (text) => make("span", { class: "sign-of", "aria-hidden": "true" }, text);

/** How the value of a chosen unit comes about. */
class UnitView {
  /** closed(): is called when its button is pressed. */
  constructor(id, closed) {
    this.title = make("strong", { id: `${id}-unit` });
    this.body = make("div", { class: "parts" });
    this.equation = make("p", { class: "equation" });
    this.map = null; // below a convolution that is shown; null for the one that adds most
    this.from = make("select", { "aria-label": "From which map", change: () => this.turn() });
    this.element = make("section", { class: "unit", "aria-labelledby": this.title.id },
      make("p", { class: "unit-name" }, this.title, make("button", { type: "button", click: closed }, "Close")),
      this.body, this.equation);
  }

  turn() {
    this.map = Number(this.from.value);
    this.show(...this.shown);
  }

  /** weights: {layer, index, weights, bias} of a unit, maybe of another one, or null. Returns the unit in words. */
  show(layer, index, weights, room) {
    if (this.shown?.[0].name !== layer.name || this.shown[1] !== index) this.map = null;
    this.shown = [layer, index, weights, room];
    say(this.title, `${layer.name}, ${unitName(layer, index)}: ${number(layer.values[index], 3)}`);
    const source = weighted(layer);
    const words = source ? this.showSum(source, layer, index, weights, room) : this.showRest(layer, index);
    say(this.equation, words);
    return words;
  }

  showRest(layer, index) {
    if (layer.kind !== "pool") {
      this.body.replaceChildren();
      return `The ink of this pixel: 0 is none, 1 is full ink.`;
    }
    const cells = windowOf(layer, layer.below, index);
    const values = cells.map(({ value }) => value);
    const largest = Math.max(...values);
    const { map } = placeOf(layer, index);
    const title = `window of ${layer.below.name}, map ${map}`;
    this.body.replaceChildren(tableOf(title, values, layer.kernel, { strong: values.indexOf(largest) }));
    return `the largest of the ${cells.length} is ${number(largest, 3)}`;
  }

  showSum(source, layer, index, found, room) {
    if (found?.layer !== source.name || found.index !== index) {
      this.body.replaceChildren(make("p", {}, "Its weights are on their way …"));
      return "";
    }
    const parts = partsOf(source, index, found.weights);
    if (source.kind === "dense") this.showInputs(source, parts, room);
    else this.showWindows(source, index, parts);
    const count = parts.groups.reduce((all, { products }) => all + products.length, 0);
    const value = source.values[index];
    const sum = `sum of ${count} products ${number(parts.sum, 3)} + bias ${number(found.bias, 3)} = ${number(value, 3)}`;
    return `${sum}${this.activation(source, layer, index)}`;
  }

  /** What is made of the sum, in this layer or in the next. */
  activation(source, layer, index) {
    const value = number(source.values[index], 3);
    const follows = layer === source ? layer.above : layer;
    if (!follows || follows.below !== source) return "";
    const after = number(follows.values[index], 3);
    return {
      relu: `; ${follows.name}: the larger of 0 and ${value} = ${after}`,
      tanh: `; ${follows.name}: tanh(${value}) = ${after}`,
      softmax: `; ${follows.name}: e to the ${value}, over the sum of all ten such powers = ${after}`,
    }[follows.kind] ?? "";
  }

  showWindows(source, index, { groups }) {
    const { below, kernel } = source;
    const ranked = [...groups].sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
    const group = groups[this.map ?? ranked[0].map];
    const cells = windowOf(source, below, index, group.map);
    const name = groups.length > 1 ? `${below.name}, map ${group.map}` : below.name;
    const tables = [tableOf(`window of ${name}`, group.inputs, kernel, { cells }), sign("×"),
      tableOf("weights", group.weights, kernel), sign("="),
      tableOf(`products, in all ${number(group.sum, 3)}`, group.products, kernel)];
    if (groups.length > 1 && document.activeElement !== this.from) {
      this.from.replaceChildren(...ranked.map(({ map, sum }) => make("option", { value: map }, `map ${map}: ${number(sum, 3)}`)));
      this.from.value = group.map;
    }
    const others = groups.reduce((all, { sum }) => all + sum, 0) - group.sum;
    const line = make("p", { class: "from" }, `From ${below.name}, `, this.from,
      ` and the other ${plural(groups.length - 1, "map")} together: ${number(others, 3)}`);
    this.fillBody(make("div", { class: "flow" }, ...tables), ...(groups.length > 1 ? [line] : []));
  }

  showInputs({ below }, { groups: [group] }, room) {
    const pictures = ["inputs", "weights", "products"].map((name) => {
      const layer = { kind: name === "inputs" ? below.kind : "", shape: below.shape, values: Float32Array.from(group[name]) };
      const scale = scaleOf(layer);
      const maps = new Maps({ role: "img", "aria-label": `The ${name} of this unit` });
      maps.show(layer, scale, Math.min(room, 290));
      const title = name === "inputs" ? `inputs: ${below.name}` : name;
      return make("figure", {}, make("figcaption", {}, `${title}, to ± ${number(scale)}`), maps.canvas);
    });
    const ranked = [...group.products.keys()].sort((a, b) => Math.abs(group.products[b]) - Math.abs(group.products[a]));
    const first = ranked.slice(0, MOST_INPUTS);
    const rest = ranked.slice(MOST_INPUTS).reduce((all, i) => all + group.products[i], 0);
    const row = (tag, ...texts) => make("tr", {}, ...texts.map((text) => make(tag, {}, text)));
    const rows = first.map((i) => row("td", unitName(below, i), number(group.inputs[i]), number(group.weights[i]), number(group.products[i], 3)));
    const table = make("table", { class: "inputs" }, make("caption", {}, "The inputs that count most"),
      make("thead", {}, row("th", below.name, "input", "weight", "product")),
      make("tbody", {}, ...rows, row("td", `the other ${ranked.length - first.length}`, "", "", number(rest, 3))));
    this.fillBody(make("div", { class: "flow" }, pictures[0], sign("×"), pictures[1], sign("="), pictures[2], table));
  }

  /** Put new parts in place, and leave the focus where it is. */
  fillBody(...children) {
    const focused = document.activeElement === this.from;
    this.body.replaceChildren(...children);
    if (focused) this.from.focus({ preventScroll: true });
  }
}

// ---------------------------------------------------------------------------------------------- the whole

/** The details below the pad. changed(): is called when something else is to be seen. */
export class Xray {
  constructor(id, names, changed) {
    this.id = id;
    this.names = names;
    this.changed = changed;
    this.layers = null; // of the drawing on the pad; null while it is empty
    this.views = [];
    this.chosen = null; // {layer: its name, index} of the unit
    this.weights = null; // of a unit
    this.owed = true; // whether the layers on the page are those of an earlier drawing
    this.due = 0; // when they may be asked for again while the pen moves
    this.note = make("p", { class: "note", role: "status" });
    this.network = make("select", { id: `${id}-look`, change: () => this.choose(null) }, ...names.map((name) => make("option", {}, name)));
    const which = make("p", { hidden: names.length === 1 }, make("label", { for: this.network.id }, "The layers of "), this.network);
    this.saliency = make("canvas", { class: "saliency", width: 28, height: 28, role: "img" });
    this.told = make("p");
    const digits = ["", ...Array(10).keys()].map((digit) => make("label", {}, make("input", { type: "radio", name: `${id}-digit`,
      value: digit, checked: digit === "", change: () => this.changed() }), make("span", {}, digit === "" ? "its answer" : `${digit}`)));
    this.digits = digits.map((label) => label.firstChild);
    this.unit = new UnitView(id, () => this.close());
    this.stack = make("div", { class: "layers" });
    this.body = make("div", { class: "xray", hidden: true },
      make("figure", { class: "evidence" }, make("figcaption", {}, make("strong", {}, "Ink for and against a digit")),
        make("div", { class: "beside" }, this.saliency, make("div", {},
          make("fieldset", { class: "digits" }, make("legend", {}, "Which digit"), ...digits), this.told))),
      make("p", { id: `${id}-units`, class: "how" }, "Tap a unit of a layer, or go to it with Tab and the arrow keys, to see how " +
        "its value comes about. Page Up and Page Down lead to other maps, Escape closes it. All counting begins with 0."),
      this.stack);
    this.element = make("details", { class: "inside", toggle: changed }, make("summary", {}, "Look inside the network"),
      which, this.note, this.body);
    this.room = 300; // width for the layers, in CSS pixels
    this.later = null; // the timer of what is painted after the frame
    this.watch = new ResizeObserver(([{ contentRect }]) => this.resize(Math.floor(contentRect.width)));
    this.watch.observe(this.stack);
    this.sight = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) this.viewOf(target).isInSight = isIntersecting;
    });
  }

  stop() {
    clearTimeout(this.later);
    this.watch.disconnect();
    this.sight.disconnect();
  }

  resize(room) {
    if (room < 1 || room === this.room) return;
    this.room = room;
    this.paint();
  }

  // What is asked for

  /** The digit whose ink is looked at; null for the network's answer. */
  get digit() {
    const { value } = this.digits.find(({ checked }) => checked);
    return value === "" ? null : Number(value);
  }

  /** What is chosen here, as a part of the drawing; null where the drawing has it already. */
  choice(drawing) {
    const source = this.chosen && weighted(this.layerOf(this.chosen));
    const chosen = { inside: this.element.open, look_at: this.network.value, digit: this.digit,
      unit: source ? [source.name, this.chosen.index] : null };
    const before = { inside: drawing.inside, look_at: drawing.look_at ?? this.names[0], digit: drawing.digit ?? null,
      unit: drawing.unit ?? null };
    const changes = Object.entries(chosen).filter(([name, value]) => `${value}` !== `${before[name]}`);
    return changes.length ? Object.fromEntries(changes) : null;
  }

  follow(drawing) {
    this.network.value = drawing.look_at || this.names[0];
    for (const box of this.digits) box.checked = box.value === `${drawing.digit ?? ""}`;
    if (this.element.open !== drawing.inside) this.element.open = drawing.inside;
  }

  /**
   * Whether a message with such changes of the drawing is to be answered with the layers: these are large, so while
   * the pen moves they come a few times a second, and for another unit not at all.
   */
  asks(changes, isPenDown) {
    this.owed ||= Object.keys(changes).some((name) => name !== "unit");
    if (!this.element.open || !this.owed || (isPenDown && performance.now() < this.due)) return false;
    this.owed = false;
    return true;
  }

  // What is shown

  /** found: the part `inside` of a result. image: its bytes. */
  show(found, image) {
    say(this.note, found?.error || (found?.network ? "" : "Draw a digit to see what its network makes of it."));
    if (!found?.network) this.layers = null;
    if (found?.values) {
      const outputs = floatsOf(found.values);
      this.due = performance.now() + outputs.byteLength / BYTES;
      this.layers = layersOf(found.plan, outputs, image);
      this.layers.forEach((layer, i) => { layer.above = this.layers[i + 1]; });
      this.showEvidence(floatsOf(found.saliency), image);
    }
    if (found?.unit) this.weights = { ...found.unit, weights: floatsOf(found.unit.weights) };
    this.body.hidden = !this.layers;
    this.paint();
  }

  showEvidence(values, ink) {
    const probabilities = this.layers.at(-1).values;
    const digit = this.digit ?? probabilities.indexOf(Math.max(...probabilities));
    const most = values.reduce((so, value) => Math.max(so, Math.abs(value)), 0) || 1;
    paint(this.saliency, values, 28, (value, i) => colourOf(value / most).map((light) => Math.max(light, 0.25 * ink[i])));
    this.saliency.setAttribute("aria-label", `The drawing: where its ink speaks for the ${digit}, and where against it`);
    say(this.told, `Blue ink speaks for the ${digit}, orange ink against it: each pixel times the slope of the log odds of the ${digit}, ` +
      `ln(p / (1 − p)), there. The brightest adds or takes ${number(most)}.`);
  }

  /** What is in sight at once, and what the chosen unit is shown in, so that it follows the pen; the rest after the frame. */
  paint() {
    clearTimeout(this.later);
    if (!this.layers || !this.element.open) return;
    while (this.views.length < this.layers.length) this.addView();
    for (const view of this.views.splice(this.layers.length)) this.removeView(view);
    const own = this.layersOfUnit();
    const isUrgent = (view, i) => view.isInSight || own.includes(this.layers[i]);
    const show = (view) => view.show(this.layers[this.views.indexOf(view)], this.room);
    const rest = this.views.filter((view, i) => !isUrgent(view, i));
    this.views.filter(isUrgent).forEach(show);
    this.showUnit();
    if (rest.length) this.later = setTimeout(() => rest.forEach(show), LATER);
  }

  /** The layer of the chosen unit, the one whose weights it has, and the one that these look at. */
  layersOfUnit() {
    const layer = this.chosen && this.layerOf(this.chosen);
    if (!layer) return [];
    const source = weighted(layer) ?? layer;
    return [layer, source, source.below];
  }

  addView() {
    const i = this.views.length;
    const view = new LayerView(this.id, (index) => this.choose(index === null ? null : { layer: this.layers[i].name, index }));
    this.views.push(view);
    this.stack.append(view.element);
    this.sight.observe(view.element);
  }

  removeView(view) {
    this.sight.unobserve(view.element);
    view.element.remove();
  }

  viewOf(element) {
    return this.views.find((view) => view.element === element) ?? {};
  }

  layerOf({ layer }) {
    return this.layers?.find(({ name }) => name === layer);
  }

  choose(chosen) {
    this.chosen = chosen;
    const layer = chosen && this.layerOf(chosen);
    if (layer?.shape[0] === 10) this.digits[1 + chosen.index].checked = true;
    this.paint();
    this.changed();
  }

  close() {
    const view = this.views[this.layers.findIndex(({ name }) => name === this.chosen?.layer)];
    this.choose(null);
    view?.maps.canvas.focus({ preventScroll: true });
  }

  /** Show the chosen unit below its layer, and frame it and what it looks at. */
  showUnit() {
    const layer = this.chosen && this.layerOf(this.chosen);
    if (!layer) return this.unit.element.remove();
    const { index } = this.chosen;
    const at = this.layers.indexOf(layer);
    const view = this.views[at];
    view.index = index;
    view.tell(this.unit.show(layer, index, this.weights, this.room));
    if (view.element.nextSibling !== this.unit.element) view.element.after(this.unit.element);
    view.maps.mark(placeOf(layer, index));
    const source = weighted(layer) ?? layer;
    if (source !== layer) this.views[at - 1].maps.mark(placeOf(source, index));
    if (!source.kernel) return;
    const below = this.views[this.layers.indexOf(source.below)];
    const [{ row, column }] = windowOf(source, source.below, index);
    const maps = source.kind === "pool" ? [placeOf(source, index).map] : [...Array(mapsOf(source.below)[0]).keys()];
    for (const map of maps) below.maps.mark({ map, row, column, height: source.kernel, width: source.kernel });
  }
}

/** The float32 numbers of a message, whatever view of them the page was given. */
export function floatsOf(data) {
  return new Float32Array(bytesOf(data).slice().buffer);
}
