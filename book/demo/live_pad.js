/** The canvas of the notebooks on a page of the book, with its networks in the reader's browser. */

import canvas from "./canvas.js";
import { KeptLine } from "./kept.js";
import { PageModel } from "./page_model.js";

/**
 * Show the pad in an element of the page; returns its PageModel.
 *
 * load(): promises the reader of the drawings. megabytes: that it loads. prepare: see PageModel.
 */
export async function showPad(place, { load, megabytes, prepare }) {
  ["canvas.css", "demo.css"].forEach(addStyle);
  const loading = document.createElement("p");
  loading.setAttribute("role", "status");
  loading.textContent = `Loading the network (${megabytes} MB) …`;
  place.replaceChildren(loading);
  const model = await PageModel.of(await load(), prepare);
  place.replaceChildren();
  canvas.render({ model, el: place });
  return model;
}

/** Say below the pad how many digits are kept in this browser, and offer them. */
export function showKept(place, model) {
  const line = new KeptLine(model.kept, () => model.tell());
  model.on("change:collection", () => line.show());
  place.append(line.element);
}

/** Once on a page, however many pieces it has. */
function addStyle(name) {
  const { href } = new URL(name, import.meta.url);
  if (document.querySelector(`link[href="${href}"]`)) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  document.head.append(link);
}
