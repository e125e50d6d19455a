/** A training on a thread of its own, so that the page stays awake. */

import { readDigits, Training } from "./training.js";
import { unpacked } from "./unpacking.js";
import { answerWith } from "./worker.js";

let training = null;

answerWith({
  async load(scale) {
    const digits = readDigits(await unpacked("digits.gz"));
    training = new Training(digits, scale);
    return { source: digits.source, train: digits.train.x.rows, valid: digits.valid.x.rows };
  },
  begin: (scale) => training.begin(scale),
  step: (rate, bugs) => training.step(rate, bugs),
  check: (bugs) => training.check(bugs),
  read: (image) => training.read(image),
});
