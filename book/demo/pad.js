/** Chapter 5: the pad with all four networks, and what is kept in this browser. */

import { showKept, showPad } from "./live_pad.js";
import { Reader } from "./reader.js";
import { Shelf } from "./shelf.js";

const NETWORKS = { MLP: "mlp", LeNet: "lenet", CNN: "dropout-cnn", "Canvas CNN": "canvas" };

const place = document.getElementById("live-pad");
const model = showPad(place, { names: Object.keys(NETWORKS), reader: Reader.load(NETWORKS), megabytes: 7 });
showKept(place, model);
const shelf = new Shelf(model.kept, ({ strokes, pen }) => model.draw(strokes, pen));
model.on("change:collection", () => shelf.show());
place.append(shelf.element);
