/** Unpacks files on a thread of its own: a phone needs half a second for the runtime, in which the pen goes on. */

import { unpacked } from "./unpacking.js";

self.addEventListener("message", async ({ data: name }) => {
  try {
    const bytes = await unpacked(name);
    self.postMessage({ name, bytes }, [bytes.buffer]);
  } catch (problem) {
    self.postMessage({ name, error: problem.message });
  }
});
