/** Work on a thread of its own, asked for and answered by messages: {id, name, given} gets {id, answer} or {id, error}. */

/**
 * The worker of a script of this folder as a function: ask(name, ...given) promises its answer. It rejects with an Error of
 * one line; excuse: that line where the browser cannot run the script.
 */
export function startWorker(script, excuse) {
  const worker = new Worker(new URL(script, import.meta.url), { type: "module" });
  const waiting = new Map(); // [resolve, reject] by the number of the question
  let asked = 0;
  worker.addEventListener("message", ({ data: { id, answer, error } }) => {
    const [resolve, reject] = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) resolve(answer);
    else reject(new Error(error));
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    for (const [, reject] of waiting.values()) reject(new Error(excuse));
    waiting.clear();
  });
  return (name, ...given) => new Promise((resolve, reject) => {
    waiting.set(asked, [resolve, reject]);
    worker.postMessage({ id: asked++, name, given });
  });
}

/** In the worker: answer with acts, functions by name. Bytes are handed over and not copied, so an act gives them away. */
export function answerWith(acts) {
  self.addEventListener("message", async ({ data: { id, name, given } }) => {
    try {
      const answer = await acts[name](...given);
      self.postMessage({ id, answer }, answer instanceof Uint8Array ? [answer.buffer] : []);
    } catch (problem) {
      self.postMessage({ id, error: problem.message });
    }
  });
}
