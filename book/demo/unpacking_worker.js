/** Unpacks files on a thread of its own: a phone needs half a second for the runtime, in which the pen goes on. */

import { unpacked } from "./unpacking.js";
import { answerWith } from "./worker.js";

answerWith({ unpacked });
