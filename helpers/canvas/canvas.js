/**
 * The digit canvas in the browser: it draws the ink, sends the strokes to Python and shows what comes back.
 *
 * Browser to Python: the trait `drawing` {seq, strokes, pen, steps, inside, look_at}, while the pen moves.
 * Python to browser: `result` {seq, state, error, image, readings, inside} for the drawing of the same `seq`; and
 * `drawing` with an even `seq` when a cell has set something (the browser counts in odd numbers).
 * Several views of one canvas share the model, so each draws what another, or Python, has drawn.
 */

const SIDE = 1000; // of the pad, in units of its SVG
const NEAR = 0.002; // of the pad: points closer than this tell nothing new
const PATIENCE = 1000; // ms without an answer before the pad says so
const STEPS = {
  fit: ["Fit the box", "the digit fills 20 × 20 pixels"],
  centre: ["Centre", "its weight comes to the middle"],
  ink: ["Ink width", "as in MNIST, whatever the pen"],
  resize: ["Plain resize", "only shrink the pad, as old tutorials do"],
};

// ---------------------------------------------------------------------------------------------- elements

/** An HTML element with attributes (a function is an event's listener) and children, elements or text. */
function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function makeSvg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Set a text only where it differs, so that nothing is read out or laid out again for nothing. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let views = 0;
const uniqueId = () => `digit-canvas-${++views}-${Math.random().toString(36).slice(2, 8)}`;

// ---------------------------------------------------------------------------------------------- the pad

/** Ink on an SVG: pointer and keyboard make strokes, lists of [x, y] in 0..1. `changed(strokes)` is told of each move. */
class Pad {
  constructor(element, { changed, lifted, clear }) {
    this.element = element;
    this.changed = changed;
    this.lifted = lifted;
    this.clear = clear;
    this.strokes = [];
    this.pointer = null; // the id of the pointer that draws; any other is ignored
    this.wet = null; // the stroke that is being drawn
    this.cursor = [0.5, 0.5];
    this.ink = makeSvg("g", { class: "ink" });
    this.mark = makeSvg("g", { class: "cursor", hidden: true },
      makeSvg("circle", { r: 26 }), makeSvg("path", { d: "M -60 0 H 60 M 0 -60 V 60" }));
    element.append(this.ink, this.mark);
    const listen = {
      pointerdown: (event) => this.press(event),
      pointermove: (event) => this.move(event),
      pointerup: (event) => this.release(event),
      pointercancel: (event) => this.release(event),
      lostpointercapture: (event) => this.release(event),
      contextmenu: (event) => event.preventDefault(), // of a long touch
      keydown: (event) => this.key(event),
      blur: () => { this.showCursor(false); this.lift(); },
    };
    fill(element, listen, []);
  }

  set pen(width) {
    this.ink.style.strokeWidth = width * SIDE;
  }

  /** Show other strokes; a stroke that is being drawn ends. */
  show(strokes) {
    this.wet = null;
    this.pointer = null;
    this.strokes = strokes;
    this.ink.replaceChildren(...strokes.map((stroke) => makeSvg("path", { d: pathOf(stroke) })));
    this.showCursor(!this.mark.hasAttribute("hidden"));
  }

  start(point) {
    this.wet = [point];
    this.strokes = [...this.strokes, this.wet]; // a new list: the history holds the old one
    this.ink.append(makeSvg("path", { d: pathOf(this.wet) }));
    this.changed(this.strokes);
  }

  extend(points) {
    const before = this.wet.length;
    for (const [x, y] of points) {
      const [lastX, lastY] = this.wet[this.wet.length - 1];
      if (Math.hypot(x - lastX, y - lastY) >= NEAR) this.wet.push([x, y]);
    }
    if (this.wet.length === before) return;
    this.ink.lastChild.setAttribute("d", pathOf(this.wet));
    this.changed(this.strokes);
  }

  lift() {
    if (!this.wet) return;
    this.wet = null;
    this.pointer = null;
    this.showCursor(!this.mark.hasAttribute("hidden"));
    this.lifted();
  }

  press(event) {
    if (this.pointer !== null || !event.isPrimary || event.button !== 0) return;
    this.lift();
    this.showCursor(false);
    this.element.classList.add("pointed"); // no ring around the pad for who sees a pen
    this.element.focus({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.start(this.place(event));
  }

  move(event) {
    if (event.pointerId !== this.pointer) return;
    if (event.buttons === 0) return this.lift(); // released where no event told of it
    const events = event.getCoalescedEvents?.() ?? [];
    this.extend((events.length ? events : [event]).map((each) => this.place(each)));
  }

  release(event) {
    if (event.pointerId !== this.pointer) return;
    if (event.type === "pointerup") this.extend([this.place(event)]);
    this.lift();
  }

  /** Where on the pad an event is. Beyond its edge the pen draws along the edge: what is read is what is seen. */
  place(event) {
    const box = this.element.getBoundingClientRect();
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  }

  key(event) {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!plain(event)) return;
    if (arrow) {
      const step = event.shiftKey ? 0.1 : 0.02;
      this.cursor = this.cursor.map((value, axis) => within(value + step * arrow[axis]));
      if (this.wet && this.pointer === null) this.extend([this.cursor]);
    } else if (event.key === " " || event.key === "Enter") {
      if (this.pointer !== null || event.repeat) return;
      if (this.wet) this.lift();
      else this.start(this.cursor);
    } else if (event.key === "Escape" || event.key === "Delete" || event.key === "Backspace") {
      this.lift();
      this.clear();
    } else return;
    event.preventDefault();
    event.stopPropagation();
    this.showCursor(true);
  }

  showCursor(visible) {
    this.mark.toggleAttribute("hidden", !visible);
    if (visible) this.element.classList.remove("pointed");
    this.mark.setAttribute("transform", `translate(${this.cursor.map((value) => value * SIDE).join(" ")})`);
    this.mark.classList.toggle("down", this.wet !== null);
  }
}

const within = (value) => Math.round(Math.min(1, Math.max(0, value)) * 1e4) / 1e4;

/** A stroke as an SVG path; one point becomes a dot. */
function pathOf(stroke) {
  const [first, ...rest] = stroke.map(([x, y]) => `${Math.round(x * SIDE * 10) / 10} ${Math.round(y * SIDE * 10) / 10}`);
  return `M ${first} L ${rest.length ? rest.join(" ") : first}`;
}

// ---------------------------------------------------------------------------------------------- Python

/** Sends drawings to Python, the newest once per frame, and numbers them. */
class Line {
  constructor(model, { changed }) {
    this.model = model;
    this.changed = changed;
    this.seq = model.get("drawing").seq; // of the drawing on the pad
    this.frame = null;
    this.waiting = null; // what has changed since the last message
  }

  /** Send what has changed, at the next frame, or at once; always the whole drawing, as the next replaces it. */
  send(changes, now = false) {
    this.waiting = { ...this.waiting, ...changes };
    if (now || document.hidden) this.flush();
    else this.frame ??= requestAnimationFrame(() => this.flush());
  }

  flush() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    if (!this.waiting) return;
    const last = this.model.get("drawing");
    const newest = Math.max(last.seq, this.model.get("result").seq);
    this.seq = newest + 1 + (newest % 2); // the next odd number
    const drawing = { ...last, ...this.waiting, seq: this.seq };
    this.waiting = null;
    this.model.set("drawing", drawing);
    this.model.save_changes();
    this.changed();
  }
}

/**
 * Call `tell(true)` when the kernel that made this pad is gone: restarted, shut down or dead; `tell(false)` when only the
 * connection was lost and is back. Returns a function that stops. The widgets' own sign, `comm_live`, tells of a restart
 * from the menu only, so the kernel's signals are heard too where the page gives access to them, as Jupyter's pages do.
 */
function watchKernel(model, el, tell) {
  const kernel = model.widget_manager?.kernel;
  const ends = new Set(["restarting", "autorestarting", "terminating", "dead"]);
  let gone = false;
  const end = () => tell((gone = true));
  const live = () => el.closest(".jupyter-widgets-disconnected") && end();
  const pairs = [
    [kernel?.statusChanged, (_, status) => ends.has(status) && end()],
    [kernel?.iopubMessage, (_, message) => message.header.msg_type === "shutdown_reply" && end()],
    [kernel?.connectionStatusChanged, (_, status) => status !== "connecting" && tell(gone || status === "disconnected")],
    [kernel?.disposed, end],
  ];
  for (const [signal, slot] of pairs) signal?.connect(slot);
  model.on("comm_live_update", live);
  live();
  return () => {
    for (const [signal, slot] of pairs) signal?.disconnect(slot);
    model.off("comm_live_update", live);
  };
}

/**
 * Keep the keys that mean something in the canvas from Jupyter, where an arrow goes to the next cell and Enter into one.
 * Jupyter asks the element with the focus for this sign, before that hears of the key. Returns a function that stops.
 */
function keepKeys(root) {
  const onKey = (event) => {
    if (!root.contains(event.target)) return;
    event.target.toggleAttribute("data-lm-suppress-shortcuts", plain(event) || isShortcut(event));
  };
  window.addEventListener("keydown", onKey, true);
  return () => window.removeEventListener("keydown", onKey, true);
}

const plain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey;

/** Undo or redo. */
const isShortcut = (event) => (event.ctrlKey || event.metaKey) && !event.altKey && ["z", "y"].includes(event.key.toLowerCase());

// ---------------------------------------------------------------------------------------------- in words

/** A probability in words; a network is never certain. */
function percent(p) {
  return p > 0.995 ? "> 99 %" : `${Math.round(100 * p)} %`;
}

/** The digits in the order of their probabilities, the most probable first. */
function ranking(probabilities) {
  return [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
}

/** What a network answers, in words: "7, 98 %" or "not sure: 7 or 1". */
function inWords({ answer, probabilities }) {
  const [best, second] = ranking(probabilities);
  return answer === null ? `not sure: ${best} or ${second}` : `${answer}, ${percent(probabilities[best])}`;
}

/** What all networks answer together: a sign to be seen from afar, a line below it, and both in words. */
function summary({ state, error, readings }) {
  const all = Object.entries(readings ?? {});
  if (state === "error") return { sign: "!", line: error, spoken: `Error: ${error}` };
  if (state === "empty" || !all.length) return { sign: "", line: "Draw a digit from 0 to 9", spoken: "empty" };
  if (all.length === 1) {
    const [[name, reading]] = all;
    const words = inWords(reading);
    if (reading.answer === null) return { sign: "?", line: words, spoken: words };
    return { sign: reading.answer, line: `${name} is ${percent(reading.probabilities[reading.answer])} sure`, spoken: words };
  }
  const answers = new Set(all.map(([, reading]) => reading.answer));
  const spoken = all.map(([name, reading]) => `${name}: ${inWords(reading)}`).join("; ");
  const [first] = answers;
  if (answers.size > 1) return { sign: "?", line: "the networks differ", spoken };
  if (first === null) return { sign: "?", line: "no network is sure", spoken };
  return { sign: first, line: `all ${all.length} networks agree`, spoken };
}

// ---------------------------------------------------------------------------------------------- pictures

/** The bytes of a message, whatever view of them the page was given. */
function bytesOf(data) {
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Paint bytes, row by row, as a picture `width` pixels wide; `colour(byte, i)` gives [red, green, blue]. */
function paint(canvas, bytes, width, colour = (byte) => [byte, byte, byte]) {
  const height = bytes.length / width;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  bytes.forEach((byte, i) => picture.data.set([...colour(byte, i), 255], 4 * i));
  context.putImageData(picture, 0, 0);
}

/** Negative to positive, 0 to 255: orange, black, blue; told apart with any kind of colour vision. */
function twoSided(byte) {
  const strength = (byte - 128) / 127;
  return strength < 0 ? [-230 * strength, -130 * strength, 0] : [60 * strength, 170 * strength, 255 * strength];
}

/** From black through red to yellow, over a faint picture of the ink. */
function hotOver(ink) {
  return (byte, i) => [Math.max(2.2 * byte, 0.4 * ink[i]), Math.max(1.6 * byte - 130, 0.4 * ink[i]), 0.4 * ink[i]];
}

/** One network's name, its verdict and its ten bars. */
class Bars {
  constructor(name, id) {
    this.rows = [...Array(10).keys()].map((digit) => {
      const bar = make("span", { class: "fill" });
      const number = make("span", { class: "percent", "aria-hidden": "true" });
      const row = make("div", { class: "bar", role: "meter", "data-digit": digit, "aria-label": `${digit}`,
        "aria-valuemin": 0, "aria-valuemax": 100 },
      make("span", { class: "digit", "aria-hidden": "true" }, `${digit}`), make("span", { class: "track" }, bar), number);
      return { row, bar, number };
    });
    this.verdict = make("span", { class: "verdict" });
    this.element = make("section", { class: "network", "data-network": name, role: "group", "aria-labelledby": id },
      make("p", { class: "name" }, make("span", { id }, name), this.verdict), ...this.rows.map(({ row }) => row));
  }

  show({ probabilities, answer }) {
    const best = ranking(probabilities)[0];
    const empty = probabilities[best] === 0;
    say(this.verdict, empty ? "" : inWords({ probabilities, answer }));
    this.element.dataset.answer = answer ?? "";
    this.rows.forEach(({ row, bar, number }, digit) => {
      const p = probabilities[digit];
      row.classList.toggle("best", !empty && digit === best);
      row.setAttribute("aria-valuenow", Math.round(100 * p));
      row.setAttribute("aria-valuetext", percent(p));
      bar.style.transform = `scaleX(${p})`;
      say(number, empty ? "" : percent(p));
    });
  }
}

// ---------------------------------------------------------------------------------------------- the widget

function render({ model, el }) {
  const id = uniqueId();
  const names = model.get("networks");
  let past = []; // lists of strokes to go back to, and to go forward to again
  let future = [];
  let shown = -1; // seq of the result on the screen
  let freshFrom = 0; // results of drawings before this one are about ink that is gone
  let lost = false;
  let patience = null;
  let speech = null;
  let unsaid = false; // whether the present drawing still has to be read out

  // The page.
  const surface = makeSvg("svg", { class: "pad", viewBox: `0 0 ${SIDE} ${SIDE}`, tabindex: 0, role: "application",
    "aria-roledescription": "drawing pad", "aria-label": "Draw a digit", "aria-describedby": `${id}-keys` });
  const prompt = make("p", { class: "prompt", "aria-hidden": "true" }, "Draw a digit here");
  const hint = make("p", { class: "hint", role: "status" });
  const button = (name, text, act) => make("button", { type: "button", class: name, click: act }, text);
  const undoButton = button("undo", "Undo", () => travel(past, future));
  const redoButton = button("redo", "Redo", () => travel(future, past));
  const clearButton = button("clear", "Clear", () => clear());
  const penWidth = make("input", { type: "range", class: "pen-width", id: `${id}-pen`, min: 0.02, max: 0.14, step: 0.01,
    input: () => { pad.pen = penWidth.value; line.send({ pen: Number(penWidth.value) }); } });

  const sign = make("span", { class: "sign", "aria-hidden": "true" });
  const wording = make("span", { class: "line", "aria-hidden": "true" });
  const spoken = make("span", { class: "spoken" });
  const answer = make("p", { class: "answer", role: "status", "aria-live": "polite" }, sign, wording, spoken);
  const bars = new Map(names.map((name, i) => [name, new Bars(name, `${id}-name-${i}`)]));

  const received = make("canvas", { class: "received", width: 28, height: 28, role: "img",
    "aria-label": "The image of 28 by 28 pixels that the network receives" });
  const toggles = Object.entries(STEPS).map(([name, [title, does]]) => {
    const box = make("input", { type: "checkbox", "data-step": name, change: () => line.send({ steps: chosenSteps() }, true) });
    return { name, box, label: make("label", {}, box, make("span", {}, make("strong", {}, title), `: ${does}`)) };
  });

  const label = make("select", { class: "keep-label", id: `${id}-label` }, make("option", { value: "" }, "…"),
    ...[...Array(10).keys()].map((digit) => make("option", { value: digit }, `${digit}`)));
  const keptCount = make("span", { class: "kept", role: "status" });

  const inside = make("details", { class: "inside", toggle: () => look() }, make("summary", {}, "Look inside the network"));
  const insideNote = make("p", { class: "note" });
  const maps = make("div", { class: "maps", role: "img", "aria-label": "Feature maps of the first layer" });
  const saliency = make("canvas", { class: "saliency", width: 28, height: 28, role: "img",
    "aria-label": "Saliency: the pixels that the answer hangs on" });
  const lookAt = make("select", { id: `${id}-look`, change: () => look(true) }, ...names.map((name) => make("option", {}, name)));
  inside.append(
    make("div", { class: "looks" },
      make("figure", {}, make("figcaption", {}, make("strong", {}, "First layer: "), insideNote), maps),
      make("figure", {}, make("figcaption", {}, make("strong", {}, "Saliency: "), "the brighter a pixel, the more ",
        names.length > 1 ? make("label", { for: lookAt.id }, "the answer of ") : `the answer of ${names[0]} hangs on it`,
        ...(names.length > 1 ? [lookAt, " hangs on it"] : [])), saliency)));

  const help = make("details", { class: "help" }, make("summary", {}, "Keys"), make("ul", { id: `${id}-keys` },
    ...[["Arrow keys", "move the cursor, with Shift in bigger steps"], ["Space or Enter", "pen down, pen up"],
      ["Ctrl+Z", "undo"], ["Ctrl+Y or Ctrl+Shift+Z", "redo"], ["Delete or Escape", "clear"]]
      .map(([key, does]) => make("li", {}, make("kbd", {}, key), ` ${does}`))));

  const root = make("div", { class: "digit-canvas", role: "group", "aria-label": "Digit canvas",
    keydown: shortcut }, make("div", { class: "sheet" },
  make("div", { class: "board" },
    make("div", { class: "paper" }, surface, prompt),
    make("div", { class: "tools" }, undoButton, redoButton, clearButton,
      make("label", { class: "pen", for: penWidth.id }, "Pen", penWidth)),
    hint),
  make("div", { class: "answers" }, answer, make("div", { class: "networks" }, ...[...bars.values()].map(({ element }) => element))),
  make("div", { class: "journey" },
    make("div", { class: "frame" }, received),
    make("fieldset", { class: "steps" }, make("legend", {}, "What the network receives, 28 × 28"),
      ...toggles.map(({ label: each }) => each))),
  make("div", { class: "keeping" }, make("label", { for: label.id }, "This is a"), label, button("keep", "Keep", keep), keptCount),
  inside, help));
  el.append(root);

  // Drawing.
  const pad = new Pad(surface, {
    changed: (strokes) => {
      if (strokes.length > before.length) remember(before);
      before = strokes;
      line.send({ strokes });
      refresh();
    },
    lifted: () => { line.flush(); speak(); refresh(); },
    clear,
  });
  let before = []; // the strokes as they were last seen
  const line = new Line(model, { changed: () => refresh() });

  function remember(strokes) {
    past.push(strokes);
    future = [];
  }

  /** Show and send other strokes than those on the pad. */
  function replace(strokes) {
    before = strokes;
    pad.show(strokes);
    line.send({ strokes }, true);
    freshFrom = line.seq;
    speak();
    refresh();
  }

  function travel(from, to) {
    pad.lift();
    if (!from.length) return;
    to.push(pad.strokes);
    replace(from.pop());
  }

  function clear() {
    if (!pad.strokes.length) return;
    pad.lift();
    remember(pad.strokes);
    replace([]);
  }

  function shortcut(event) {
    if (!isShortcut(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key.toLowerCase() === "y" || event.shiftKey) travel(future, past);
    else travel(past, future);
  }

  const chosenSteps = () => Object.fromEntries(toggles.map(({ name, box }) => [name, box.checked]));

  function look() {
    const now = model.get("drawing");
    if (inside.open !== now.inside || lookAt.value !== (now.look_at ?? names[0])) {
      line.send({ inside: inside.open, look_at: lookAt.value }, true);
    }
  }

  function keep() {
    if (!pad.strokes.length) return say(keptCount, "Draw a digit first");
    if (label.value === "") return say(keptCount, "Choose which digit it is");
    const { pen } = model.get("drawing");
    model.send({ keep: Number(label.value), strokes: pad.strokes, pen });
    say(keptCount, "Keeping it …");
    label.value = ""; // the next press keeps the next digit
  }

  // What comes from Python, or from another view.
  function adopt() {
    const drawing = model.get("drawing");
    penWidth.value = drawing.pen;
    pad.pen = drawing.pen;
    for (const { name, box } of toggles) {
      box.checked = drawing.steps[name];
      box.disabled = name !== "resize" && drawing.steps.resize;
    }
    lookAt.value = drawing.look_at || names[0];
    if (inside.open !== drawing.inside) inside.open = drawing.inside;
    if (drawing.seq === line.seq && shown >= 0) return refresh(); // our own
    const { strokes } = drawing;
    const grows = strokes.length === before.length && strokes.at(-1)?.[0]?.join() === before.at(-1)?.[0]?.join();
    if (!grows) {
      if (before.length || shown >= 0) remember(before);
      freshFrom = drawing.seq;
    }
    line.seq = drawing.seq;
    before = strokes;
    pad.show(strokes);
    refresh();
    speak();
  }

  function show() {
    const result = model.get("result");
    if (result.seq <= shown || result.seq < freshFrom) return;
    shown = result.seq;
    clearTimeout(patience);
    patience = null;
    for (const [name, reading] of Object.entries(result.readings)) bars.get(name)?.show(reading);
    const { sign: seen, line: text } = summary(result);
    say(sign, `${seen}`);
    say(wording, text);
    const image = bytesOf(result.image);
    paint(received, image, 28);
    showInside(result.inside, image);
    refresh();
    if (unsaid) speak();
  }

  function showInside(found, ink) {
    root.classList.toggle("seen-inside", Boolean(found?.maps));
    say(insideNote, found?.error || (found?.maps ? `what each of its ${found.maps_shape[0]} filters finds (${found.maps_of}); ` +
      "blue for it, orange against it" : "draw a digit to see it"));
    if (found?.maps) {
      const [count, height, width] = found.maps_shape;
      const bytes = bytesOf(found.maps);
      while (maps.childElementCount < count) maps.append(make("canvas"));
      [...maps.children].forEach((each, i) => paint(each, bytes.subarray(i * height * width, (i + 1) * height * width), width, twoSided));
    }
    if (found?.saliency) paint(saliency, bytesOf(found.saliency), 28, hotOver(ink));
  }

  function showKept() {
    const { count, error, file, times } = model.get("collection");
    if (times > 1 || count) say(keptCount, error || `kept ${count} digit${count === 1 ? "" : "s"}${file ? ` in ${file}` : ""}`);
  }

  /** The answer in words for the live region, once the pen is up and Python has answered. */
  function speak() {
    clearTimeout(speech);
    unsaid = !pad.wet && shown < line.seq;
    if (!pad.wet && !unsaid) speech = setTimeout(() => say(spoken, summary(model.get("result")).spoken), 300);
  }

  /** Everything that follows from what is drawn, what is answered and whether the kernel lives. */
  function refresh() {
    const result = model.get("result");
    const busy = !lost && (line.waiting || shown < line.seq);
    const empty = pad.strokes.length === 0;
    root.dataset.state = lost ? "lost" : busy ? "reading" : result.state;
    root.dataset.seq = shown;
    root.dataset.drawn = line.seq;
    root.setAttribute("aria-busy", Boolean(busy));
    prompt.hidden = !empty;
    undoButton.disabled = !past.length;
    redoButton.disabled = !future.length;
    clearButton.disabled = empty;
    if (lost) say(hint, "This pad has lost its kernel: run its cell again");
    else if (!busy) {
      clearTimeout(patience);
      patience = null;
      say(hint, "");
    } else patience ??= setTimeout(() => say(hint, model.widget_manager?.kernel?.status === "busy"
      ? "The kernel is busy: the answer comes when it is free" : "Waiting for the kernel …"), PATIENCE);
  }

  const stopWatching = watchKernel(model, el, (gone) => { lost = gone; refresh(); });
  const letKeysGo = keepKeys(root);
  model.on("change:drawing", adopt);
  model.on("change:result", show);
  model.on("change:collection", showKept);
  adopt();
  show();
  showKept();
  past = [];
  refresh();

  return () => {
    stopWatching();
    letKeysGo();
    clearTimeout(patience);
    clearTimeout(speech);
    root.remove();
  };
}

export default { render };
