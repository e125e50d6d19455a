/**
 * "Train it yourself" in chapter 7: a button, and nothing else to load until it is pressed. training_page.js is what
 * comes then.
 */

import { addStyle } from "./styles.js";

const MEGABYTES = 1; // of the digits

/** A button that says what it loads. */
function offer(place) {
  const button = document.createElement("button");
  const status = document.createElement("p");
  button.type = "button";
  button.textContent = `Load the digits (${MEGABYTES} MB)`;
  button.className = "load";
  status.setAttribute("role", "status");
  place.replaceChildren(button, status);
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true"); // and keeps the focus
    status.textContent = "Loading the digits …";
    try {
      const { TrainingPage } = await import("./training_page.js");
      const page = await TrainingPage.load();
      await page.begin();
      place.replaceChildren(page.element);
      page.element.querySelector("button").focus({ preventScroll: true });
    } catch (problem) {
      button.setAttribute("aria-disabled", "false");
      status.textContent = `The digits cannot be loaded: ${problem.message}. Press again to try once more.`;
    }
  });
}

for (const name of ["canvas.css", "demo.css", "train.css"]) addStyle(name);
offer(document.getElementById("live-train"));
