/** The style sheets of this folder, for pages of the book. */

/** Let the page use a style sheet of this folder, once. */
export function addStyle(name) {
  const { href } = new URL(name, import.meta.url);
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  document.head.append(link);
}
