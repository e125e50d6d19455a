/** What the scripts of the canvas share: elements of the page, and pictures on them. */

/** An HTML element with attributes (a function is an event's listener) and children, elements or text. */
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function makeSvg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

export function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Set a text only where it differs, so that nothing is read out or laid out again for nothing. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The bytes of a message, whatever view of them the page was given. */
export function bytesOf(data) {
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Paint bytes, row by row, as a picture `width` pixels wide; `colour(byte, i)` gives [red, green, blue]. */
export function paint(canvas, bytes, width, colour = (byte) => [byte, byte, byte]) {
  const height = bytes.length / width;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  bytes.forEach((byte, i) => picture.data.set([...colour(byte, i), 255], 4 * i));
  context.putImageData(picture, 0, 0);
}
