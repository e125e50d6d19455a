/**
 * The digit canvas in the browser: it draws the ink, sends the strokes to Python and shows what comes back.
 *
 * Browser to Python: the trait `drawing` {seq, strokes, pen, steps, inside, look_at, layers, unit, digit}, while
 * the pen moves; of the last five, which say what of the inside is to be seen, see helpers/canvas/traits.py.
 * Python to browser: `result` {seq, state, error, image, readings, inside} for the drawing of the same `seq`; and
 * `drawing` with an even `seq` when a cell has set something (the browser counts in odd numbers).
 * Several views of one canvas share the model, so each draws what another, or Python, has drawn.
 */

import { bytesOf, fill, make, makeSvg, paint, say } from "./elements.js";
import { Xray } from "./xray.js";

const SIDE = 1000; // of the pad, in units of its SVG
const NEAR = 0.002; // of the pad: points closer than this tell nothing new
const PEN_RESTS = 10_000; // ms after a pen was seen in which a touch is taken for the hand that holds it
const MOST = 10_000; // points of a drawing, minutes of scribbling: larger messages than theirs the demo refuses
const PATIENCE = 1000; // ms without an answer before the pad says so
const QUIET = 300; // ms after which an answer is read out
const STEPS = {
  fit: ["Fit the box", "the digit fills 20 × 20 pixels"],
  centre: ["Centre", "its weight comes to the middle"],
  ink: ["Ink width", "as in MNIST, whatever the pen"],
  resize: ["Plain resize", "only shrink the pad, as old tutorials do"],
};

let views = 0;
const uniqueId = () => `digit-canvas-${++views}-${Math.random().toString(36).slice(2, 8)}`;

// ---------------------------------------------------------------------------------------------- the pad

/**
 * Ink on an SVG: pointer and keyboard make strokes, lists of [x, y] in 0..1.
 *
 * It calls `begin()` before a stroke, `changed(strokes)` at each move, `lifted()` when the pen goes up, `dropped()` when
 * the stroke that has begun is taken back, and `clear()` when a key asks for an empty pad.
 *
 * Whoever writes with a pen rests the hand on the glass. So a pen takes the pad from a finger, whose stroke goes, and
 * where a pen has drawn, or was seen a moment ago, a finger draws nothing.
 */
class Pad {
  constructor(element, { begin, changed, lifted, dropped, clear }) {
    this.element = element;
    this.begin = begin;
    this.changed = changed;
    this.lifted = lifted;
    this.dropped = dropped;
    this.clear = clear;
    this.strokes = [];
    this.pointer = null; // the id of the pointer that draws; any other is ignored
    this.kind = ""; // of that pointer: mouse, pen or touch
    this.penned = new WeakSet(); // the strokes that a pen has drawn
    this.penSeen = -Infinity; // when, in milliseconds of the events
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
      contextmenu: (event) => event.preventDefault(), // of a long press
      keydown: (event) => this.key(event),
      blur: () => this.leave(),
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

  get isFull() {
    return this.strokes.reduce((sum, stroke) => sum + stroke.length, 0) >= MOST;
  }

  start(point) {
    this.begin();
    this.wet = [point];
    this.strokes = [...this.strokes, this.wet]; // a new list: the history holds the old one
    this.ink.append(makeSvg("path", { d: pathOf(this.wet) }));
    this.changed(this.strokes);
  }

  extend(points) {
    const before = this.wet.length;
    for (const [x, y] of points) {
      if (this.isFull) break;
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

  /** Take back the stroke that is being drawn. */
  takeBack() {
    this.wet = null;
    this.pointer = null;
    this.strokes = this.strokes.slice(0, -1);
    this.ink.lastChild.remove();
    this.dropped();
    this.changed(this.strokes);
  }

  seePen(event) {
    if (event.pointerType === "pen") this.penSeen = event.timeStamp;
  }

  isPalm(event) {
    if (event.pointerType !== "touch") return false;
    return event.timeStamp - this.penSeen < PEN_RESTS || this.strokes.some((stroke) => this.penned.has(stroke));
  }

  press(event) {
    this.seePen(event);
    if (!event.isPrimary || event.button !== 0 || this.isPalm(event)) return;
    if (this.pointer !== null) {
      if (event.pointerType !== "pen" || this.kind !== "touch") return;
      this.takeBack();
    }
    if (this.isFull) return;
    this.lift();
    this.showCursor(false);
    this.element.classList.add("pointed"); // no ring around the pad for who sees a pen
    this.element.focus({ preventScroll: true });
    this.element.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.kind = event.pointerType;
    this.start(this.place(event));
    if (this.kind === "pen") this.penned.add(this.wet);
  }

  move(event) {
    this.seePen(event); // also one that hovers
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

  leave() {
    this.showCursor(false);
    this.lift();
  }

  /** Where on the pad an event is. Beyond its edge the pen draws along the edge: what is read is what is seen. */
  place(event) {
    const box = this.element.getBoundingClientRect();
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  }

  key(event) {
    const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (isCommand(event)) return;
    if (arrow) {
      const step = event.shiftKey ? 0.1 : 0.02;
      this.cursor = this.cursor.map((value, axis) => within(value + step * arrow[axis]));
      if (this.wet && this.pointer === null) this.extend([this.cursor]);
    } else if (event.key === " " || event.key === "Enter") {
      if (this.pointer !== null || event.repeat) return;
      if (this.wet) this.lift();
      else if (!this.isFull) this.start(this.cursor);
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

/** Sends drawings to Python, the newest once per frame, numbers them, and knows which results are about them. */
class Line {
  /** complete(changes): what else a message with these changes says. changed(): is called after each message. */
  constructor(model, { complete, changed }) {
    this.model = model;
    this.complete = complete;
    this.changed = changed;
    this.seq = model.get("drawing").seq; // of the drawing on the pad
    this.shown = -1; // seq of the result on the screen
    this.freshFrom = 0; // results of drawings before this one are about ink that is gone
    this.frame = null;
    this.unsent = null; // what has changed since the last message
  }

  /** Whether the answer to what is on the pad is still to come. */
  get busy() {
    return this.unsent !== null || this.shown < this.seq;
  }

  /** Send what has changed, at the next frame, or at once; always the whole drawing, as the next replaces it. */
  send(changes, now = false) {
    this.unsent = { ...this.unsent, ...changes };
    if (now || document.hidden) this.flush();
    else this.frame ??= requestAnimationFrame(() => this.flush());
  }

  /** Send strokes that do not go on from those before. */
  sendOthers(strokes) {
    this.send({ strokes }, true);
    this.freshFrom = this.seq;
  }

  flush() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    if (!this.unsent) return;
    const last = this.model.get("drawing");
    const newest = Math.max(last.seq, this.model.get("result").seq);
    this.seq = newest + 1 + (newest % 2); // the next odd number
    const drawing = { ...last, ...this.unsent, ...this.complete(this.unsent), seq: this.seq };
    this.unsent = null;
    this.model.set("drawing", drawing);
    this.model.save_changes();
    this.changed();
  }

  /** Whether a drawing of the model is the one that was sent from here. */
  sent(drawing) {
    return drawing.seq === this.seq && this.shown >= 0;
  }

  /** A cell or another view has drawn; other: strokes that do not go on from those before. */
  receive(drawing, other) {
    this.seq = drawing.seq;
    if (other) this.freshFrom = drawing.seq;
  }

  /** Whether a result is to be shown: it is newer than the one on the screen, and its ink is still there. */
  accept(result) {
    if (result.seq <= this.shown || result.seq < this.freshFrom) return false;
    this.shown = result.seq;
    return true;
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

/** A long press of a pen or a finger opens no menu anywhere on the canvas. The right button of a mouse does, and a key. */
function keepMenuAway(root) {
  let kind = "mouse"; // for browsers whose menu event does not tell
  root.addEventListener("pointerdown", (event) => { kind = event.pointerType; }, true);
  root.addEventListener("contextmenu", (event) => {
    if (["pen", "touch"].includes(event.pointerType ?? kind)) event.preventDefault();
  });
}

/**
 * Keep the keys that mean something in the canvas from Jupyter, where an arrow goes to the next cell and Enter into one.
 * Jupyter asks the element with the focus for this sign, before that hears of the key. Returns a function that stops.
 */
function keepKeys(root) {
  const onKey = (event) => {
    if (!root.contains(event.target)) return;
    event.target.toggleAttribute("data-lm-suppress-shortcuts", !isCommand(event) || isShortcut(event));
  };
  window.addEventListener("keydown", onKey, true);
  return () => window.removeEventListener("keydown", onKey, true);
}

/** A key that is pressed together with Ctrl, Command or Alt. */
const isCommand = (event) => event.ctrlKey || event.metaKey || event.altKey;

/** Undo or redo. */
const isShortcut = (event) => (event.ctrlKey || event.metaKey) && !event.altKey && ["z", "y"].includes(event.key.toLowerCase());

// ---------------------------------------------------------------------------------------------- in words

/** A probability in words, never certain; as helpers/plots/words.py has it. */
function percent(p) {
  return p > 0.995 ? "> 99 %" : `${Math.round(100 * p)} %`;
}

/** The digits in the order of their probabilities, the most probable first. */
function ranking(probabilities) {
  return [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
}

/** What a network answers, in words: "7, 98 %" or "not sure: 7 or 1"; as helpers/canvas/snapshot.py has it. */
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
  return { sign: first, line: all.length === 2 ? "both networks agree" : `all ${all.length} networks agree`, spoken };
}

// ---------------------------------------------------------------------------------------------- the parts of the page

/** What is said below the pad while its answer does not come. excuse(): what the answer waits for. */
class Hint {
  constructor(excuse) {
    this.excuse = excuse;
    this.patience = null; // runs out after a while without an answer
    this.element = make("p", { class: "hint", role: "status" });
  }

  show({ lost, busy, full }) {
    if (busy) {
      this.patience ??= setTimeout(() => say(this.element, this.excuse()), PATIENCE);
      return;
    }
    this.restart();
    const room = full ? "The pad is full: clear it to draw on" : "";
    say(this.element, lost ? "This pad has lost its kernel: run its cell again" : room);
  }

  restart() {
    clearTimeout(this.patience);
    this.patience = null;
  }
}

/** What an answer waits for: a model without a kernel says so itself. */
function excuseOf(model) {
  if (model.excuse) return model.excuse;
  const busy = model.widget_manager?.kernel?.status === "busy";
  return busy ? "The kernel is busy: the answer comes when it is free" : "Waiting for the kernel …";
}

/**
 * The pad with its tools, and the way back to earlier drawings.
 *
 * It calls `drawn(strokes)` while the pen moves, `lifted()` when it goes up, `replaced(strokes)` when other strokes
 * take the place of those before, and `penSet(width)`.
 */
class Board {
  constructor(id, hint, { drawn, lifted, replaced, penSet }) {
    this.replaced = replaced;
    this.forget();
    const button = (name, text, act) => make("button", { type: "button", class: name, click: act }, text);
    this.undo = button("undo", "Undo", () => this.travel(this.past, this.future));
    this.redo = button("redo", "Redo", () => this.travel(this.future, this.past));
    this.wipe = button("clear", "Clear", () => this.clear());
    this.width = make("input", { type: "range", class: "pen-width", id: `${id}-pen`, min: 0.02, max: 0.14, step: 0.01,
      input: () => this.choosePen(penSet) });
    this.prompt = make("p", { class: "prompt", "aria-hidden": "true" }, "Draw a digit here");
    const surface = makeSvg("svg", { class: "pad", viewBox: `0 0 ${SIDE} ${SIDE}`, tabindex: 0, role: "application",
      "aria-roledescription": "drawing pad", "aria-label": "Draw a digit", "aria-describedby": `${id}-keys` });
    this.pad = new Pad(surface, { begin: () => this.remember(), changed: drawn, lifted,
      dropped: () => this.past.pop(), clear: () => this.clear() });
    this.element = make("div", { class: "board" },
      make("div", { class: "paper" }, surface, this.prompt),
      make("div", { class: "tools" }, this.undo, this.redo, this.wipe,
        make("label", { class: "pen", for: this.width.id }, "Pen", this.width)),
      hint);
  }

  get strokes() {
    return this.pad.strokes;
  }

  get isPenDown() {
    return this.pad.wet !== null;
  }

  set pen(width) {
    this.width.value = width;
    this.pad.pen = width;
  }

  choosePen(penSet) {
    this.pad.pen = this.width.value;
    penSet(Number(this.width.value));
  }

  forget() {
    this.past = []; // drawings to go back to
    this.future = []; // and to go forward to again
  }

  remember() {
    this.past.push(this.strokes);
    this.future = [];
  }

  travel(from, to) {
    this.pad.lift();
    if (!from.length) return;
    to.push(this.strokes);
    this.replace(from.pop());
  }

  clear() {
    if (!this.strokes.length) return;
    this.pad.lift();
    this.remember();
    this.replace([]);
  }

  replace(strokes) {
    this.pad.show(strokes);
    this.replaced(strokes);
  }

  /** Draw what a cell or another view has drawn. Whether these are other strokes, not the last one as it goes on. */
  follow(strokes) {
    const [first, firstBefore] = [strokes, this.strokes].map((each) => each.at(-1)?.[0]?.join());
    const other = strokes.length !== this.strokes.length || first !== firstBefore;
    if (other) this.remember();
    this.pad.show(strokes);
    return other;
  }

  shortcut(event) {
    if (!isShortcut(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key.toLowerCase() === "y" || event.shiftKey) this.travel(this.future, this.past);
    else this.travel(this.past, this.future);
  }

  refresh() {
    const empty = this.strokes.length === 0;
    this.prompt.hidden = !empty;
    this.undo.disabled = !this.past.length;
    this.redo.disabled = !this.future.length;
    this.wipe.disabled = empty;
  }
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

/** What the networks answer: together in big, each with its bars, and in words for a screen reader. */
class Answers {
  constructor(id, names) {
    this.result = {};
    this.speech = null; // runs out when the answer is read out
    this.due = false; // whether the present drawing still has to be read out
    this.sign = make("span", { class: "sign", "aria-hidden": "true" });
    this.line = make("span", { class: "line", "aria-hidden": "true" });
    this.spoken = make("span", { class: "spoken" });
    this.bars = new Map(names.map((name, i) => [name, new Bars(name, `${id}-name-${i}`)]));
    this.element = make("div", { class: "answers" },
      make("p", { class: "answer", role: "status", "aria-live": "polite" }, this.sign, this.line, this.spoken),
      make("div", { class: "networks" }, ...[...this.bars.values()].map(({ element }) => element)));
  }

  show(result) {
    this.result = result;
    for (const [name, reading] of Object.entries(result.readings)) this.bars.get(name)?.show(reading);
    const { sign, line } = summary(result);
    say(this.sign, `${sign}`);
    say(this.line, line);
  }

  /** Read the answer out, unless the pen is down; once it has come, if it is still to come. */
  speak({ isPenDown, busy }) {
    this.hush();
    this.due = !isPenDown && busy;
    if (!isPenDown && !busy) this.speech = setTimeout(() => say(this.spoken, summary(this.result).spoken), QUIET);
  }

  hush() {
    clearTimeout(this.speech);
  }
}

/** The image that the network receives, and the steps that make it. chosen(steps): is called when one is ticked. */
class Journey {
  constructor(chosen) {
    this.received = make("canvas", { class: "received", width: 28, height: 28, role: "img",
      "aria-label": "The image of 28 by 28 pixels that the network receives" });
    this.boxes = Object.keys(STEPS).map((name) => make("input", { type: "checkbox", "data-step": name,
      change: () => chosen(this.steps) }));
    const labels = Object.values(STEPS).map(([title, does], i) =>
      make("label", {}, this.boxes[i], make("span", {}, make("strong", {}, title), `: ${does}`)));
    this.element = make("div", { class: "journey" },
      make("div", { class: "frame" }, this.received),
      make("fieldset", { class: "steps" }, make("legend", {}, "What the network receives, 28 × 28"), ...labels));
  }

  get steps() {
    return Object.fromEntries(this.boxes.map((box) => [box.dataset.step, box.checked]));
  }

  set steps(steps) {
    for (const box of this.boxes) {
      box.checked = steps[box.dataset.step];
      box.disabled = box.dataset.step !== "resize" && steps.resize;
    }
  }

  show(image) {
    paint(this.received, image, 28);
  }
}

/** Puts drawings with their labels into the collection: keep(label) sends one. isEmpty(): whether there is none. */
class Keeper {
  constructor(id, { isEmpty, keep }) {
    this.isEmpty = isEmpty;
    this.keep = keep;
    this.label = make("select", { class: "keep-label", id: `${id}-label` }, make("option", { value: "" }, "…"),
      ...[...Array(10).keys()].map((digit) => make("option", { value: digit }, `${digit}`)));
    this.count = make("span", { class: "kept", role: "status" });
    this.element = make("div", { class: "keeping" }, make("label", { for: this.label.id }, "This is a"), this.label,
      make("button", { type: "button", class: "keep", click: () => this.press() }, "Keep"), this.count);
  }

  press() {
    if (this.isEmpty()) return say(this.count, "Draw a digit first");
    if (this.label.value === "") return say(this.count, "Choose which digit it is");
    this.keep(Number(this.label.value));
    say(this.count, "Keeping it …");
    this.label.value = ""; // the next press keeps the next digit
  }

  show({ count, error, file, times }) {
    if (times <= 1 && !count) return;
    say(this.count, error || `kept ${count} digit${count === 1 ? "" : "s"}${file ? ` in ${file}` : ""}`);
  }
}

/** The list of keys, which the pad is described by. */
function makeHelp(id) {
  const keys = [["Arrow keys", "move the cursor, with Shift in bigger steps"], ["Space or Enter", "pen down, pen up"],
    ["Ctrl+Z", "undo"], ["Ctrl+Y or Ctrl+Shift+Z", "redo"], ["Delete or Escape", "clear"]];
  return make("details", { class: "help" }, make("summary", {}, "Keys"), make("ul", { id: `${id}-keys` },
    ...keys.map(([key, does]) => make("li", {}, make("kbd", {}, key), ` ${does}`))));
}

// ---------------------------------------------------------------------------------------------- the widget

function render({ model, el }) {
  const id = uniqueId();
  const names = model.get("networks");
  let lost = false; // whether the kernel is gone

  const line = new Line(model, {
    complete: (changes) => ({ layers: xray.asks(changes, board.isPenDown) }),
    changed: () => refresh(),
  });
  const hint = new Hint(() => excuseOf(model));
  const board = new Board(id, hint.element, {
    drawn(strokes) {
      line.send({ strokes });
      refresh();
    },
    lifted() {
      if (xray.element.open && xray.owed) line.send({}, true);
      else line.flush();
      speak();
      refresh();
    },
    replaced(strokes) {
      line.sendOthers(strokes);
      speak();
      refresh();
    },
    penSet: (pen) => line.send({ pen }),
  });
  const answers = new Answers(id, names);
  const journey = new Journey((steps) => line.send({ steps }, true));
  const keeper = new Keeper(id, {
    isEmpty: () => board.strokes.length === 0,
    keep: (label) => model.send({ keep: label, strokes: board.strokes, pen: model.get("drawing").pen }),
  });
  const xray = new Xray(id, names, () => {
    const choice = xray.choice(model.get("drawing"));
    if (choice) line.send(choice, true);
  });
  const parts = [board, answers, journey, keeper, xray].map(({ element }) => element);
  const root = make("div", { class: "digit-canvas", role: "group", "aria-label": "Digit canvas",
    keydown: (event) => board.shortcut(event) }, make("div", { class: "sheet" }, ...parts, makeHelp(id)));
  el.append(root);

  /** A drawing has been sent, from here or from another view, or a cell has set something. */
  function follow() {
    const drawing = model.get("drawing");
    board.pen = drawing.pen;
    journey.steps = drawing.steps;
    xray.follow(drawing);
    if (!line.sent(drawing)) {
      line.receive(drawing, board.follow(drawing.strokes));
      speak();
    }
    refresh();
  }

  /** Python has answered. */
  function show() {
    const result = model.get("result");
    if (!line.accept(result)) return;
    const image = bytesOf(result.image);
    hint.restart();
    answers.show(result);
    journey.show(image);
    xray.show(result.inside, image);
    refresh();
    if (answers.due) speak();
  }

  function speak() {
    answers.speak({ isPenDown: board.isPenDown, busy: line.shown < line.seq });
  }

  /** Everything that follows from what is drawn, what is answered and whether the kernel lives. */
  function refresh() {
    const busy = !lost && line.busy;
    const answered = busy ? "reading" : model.get("result").state;
    Object.assign(root.dataset, { state: lost ? "lost" : answered, seq: line.shown, drawn: line.seq });
    root.setAttribute("aria-busy", busy);
    board.refresh();
    hint.show({ lost, busy, full: board.pad.isFull });
  }

  const showCollection = () => keeper.show(model.get("collection"));
  model.on("change:drawing", follow);
  model.on("change:result", show);
  model.on("change:collection", showCollection);
  const stopWatching = watchKernel(model, el, (gone) => {
    lost = gone;
    refresh();
  });
  const letKeysGo = keepKeys(root);
  keepMenuAway(root);
  follow();
  show();
  showCollection();
  board.forget(); // what was there when the page opened was not drawn on it
  refresh();

  return () => {
    stopWatching();
    letKeysGo();
    hint.restart();
    answers.hush();
    xray.stop();
    root.remove();
  };
}

export default { render };
