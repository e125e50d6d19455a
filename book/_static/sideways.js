/**
 * What is wider than its place scrolls sideways: code, an output, a table, a formula. While there is more to see it fades
 * at that edge (book.css) and takes the focus, so that the arrow keys move it, with a name for who does not see it.
 */

const NAMES = {
  "div.cell_input pre": "Code",
  "div.cell_output pre": "Output",
  ".highlight pre": "Code",
  ".pst-scrollable-table-container": "Table",
  "div.math": "Formula",
};
const CHOSEN = Object.keys(NAMES).map((selector) => `.bd-article ${selector}`).join(", ");

function nameOf(element) {
  const [, name] = Object.entries(NAMES).find(([selector]) => element.matches(selector));
  return `${name}, scrolls sideways`;
}

/** Say at which edges there is more to see: `data-more` is "", "left", "right" or "left right". */
function mark(element) {
  const { scrollLeft, scrollWidth, clientWidth } = element;
  const left = scrollLeft > 1;
  const right = scrollLeft + clientWidth < scrollWidth - 1;
  element.dataset.more = [left && "left", right && "right"].filter(Boolean).join(" ");
  if (!left && !right) {
    for (const name of ["tabindex", "role", "aria-label"]) element.removeAttribute(name);
    return;
  }
  element.tabIndex = 0;
  element.setAttribute("role", "group"); // a region would be a landmark, and a page has dozens
  element.setAttribute("aria-label", nameOf(element));
}

function markAll() {
  document.querySelectorAll(CHOSEN).forEach(mark);
}

function start() {
  const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
  for (const element of document.querySelectorAll(CHOSEN)) {
    element.addEventListener("scroll", () => mark(element), { passive: true });
    resized.observe(element); // also when a fold opens, or a formula has been set
  }
  document.fonts.ready.then(markAll);
}

if (document.readyState === "complete") start();
else window.addEventListener("load", start);
