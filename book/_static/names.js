/** Names for a screen reader where the theme gives none, or another than the one that is seen. */

function nameAll() {
  for (const button of document.querySelectorAll(".search-button-field")) button.removeAttribute("aria-label"); // a text
  for (const fold of document.querySelectorAll(".bd-sidebar-primary details > summary")) {
    const { textContent } = fold.closest("li").querySelector("a");
    fold.setAttribute("aria-label", `Pages of ${textContent.trim()}`);
  }
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", nameAll);
else nameAll();
