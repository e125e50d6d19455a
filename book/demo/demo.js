/** The pad of the book's front page, with the network that is trained on drawings. */

import { showKept, showPad } from "./live_pad.js";
import { Reader } from "./reader.js";

const place = document.getElementById("live-demo");
const model = showPad(place, { names: ["CNN"], reader: Reader.load({ CNN: "canvas" }), megabytes: 5 });
showKept(place, model);
