/** The digits that are kept in this browser, side by side: a press puts one on the pad again. */

import { make, paint } from "./elements.js";

export class Shelf {
  /** kept: a Kept. chosen(item): is called with the digit that was pressed. */
  constructor(kept, chosen) {
    this.kept = kept;
    this.chosen = chosen;
    this.element = make("div", { class: "shelf", role: "group", "aria-label": "Your digits" });
    this.show();
  }

  show() {
    const { items } = this.kept;
    this.element.hidden = items.length === 0;
    this.element.replaceChildren(...items.map((item) => this.button(item)));
  }

  button(item) {
    const picture = make("canvas", { "aria-hidden": "true" });
    paint(picture, Uint8Array.from(item.image), 28);
    return make("button", { type: "button", "aria-label": `Draw your ${item.label} again`,
      click: () => this.chosen(item) }, picture);
  }
}
