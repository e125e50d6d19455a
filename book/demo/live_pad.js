/** The canvas of the notebooks on a page of the book, with its networks in the reader's browser. */

import canvas from "./canvas.js";
import { KeptLine } from "./kept.js";
import { PageModel } from "./page_model.js";
import { addStyle } from "./styles.js";

/** Show the pad in an element of the page, at once; returns its PageModel, which the options are for. */
export function showPad(place, options) {
  ["canvas.css", "demo.css"].forEach(addStyle);
  const model = new PageModel(options);
  canvas.render({ model, el: place });
  return model;
}

/** Say below the pad how many digits are kept in this browser, and offer them. */
export function showKept(place, model) {
  const line = new KeptLine(model.kept, () => model.tell());
  model.on("change:collection", () => line.show());
  place.append(line.element);
}
