"use strict";
// Comfort only: the page is whole without it. Sorts tables by a click on a heading, copies them as Markdown.
function keyOf(row, column) {
  const cell = row.cells[column];
  if (!cell) return "";
  const text = cell.dataset.v === undefined ? cell.textContent.trim() : cell.dataset.v;
  const number = parseFloat(text);
  return Number.isNaN(number) ? text : number;
}
function compare(a, b) {
  if (typeof a === "number") return typeof b === "number" ? a - b : -1;
  return typeof b === "number" ? 1 : String(a).localeCompare(String(b));
}
function sortBy(table, heading, column) {
  const down = heading.getAttribute("aria-sort") === "ascending";
  table.querySelectorAll("thead th").forEach(function (th) { th.removeAttribute("aria-sort"); });
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  Array.from(table.tBodies).forEach(function (body) {
    const rows = Array.from(body.rows).filter(function (row) { return !row.classList.contains("stage"); });
    rows.sort(function (a, b) { return compare(keyOf(a, column), keyOf(b, column)) * (down ? -1 : 1); });
    body.append(...rows);
  });
}
function asMarkdown(table) {
  return Array.from(table.rows).map(function (row, index) {
    const cells = Array.from(row.cells).map(function (cell) { return cell.textContent.trim().replace(/\s+/g, " ").replace(/\|/g, "\\|"); });
    const rule = index === 0 ? "\n|" + cells.map(function () { return "---|"; }).join("") : "";
    return "| " + cells.join(" | ") + " |" + rule;
  }).join("\n");
}
document.querySelectorAll("table.sortable").forEach(function (table) {
  table.querySelectorAll("thead th").forEach(function (heading, column) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", function () { sortBy(table, heading, column); });
    heading.replaceChildren(button);
  });
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "copy";
  copy.textContent = "Copy as Markdown";
  copy.addEventListener("click", function () {
    navigator.clipboard.writeText(asMarkdown(table)).then(function () { copy.textContent = "Copied"; }, function () { copy.textContent = "Not allowed here"; });
  });
  table.parentElement.after(copy);
});
