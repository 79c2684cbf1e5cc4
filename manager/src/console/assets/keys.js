// Keys. Rows are `[data-row]`, each with a link in it; the field to search is
// `[type=search]`; places are links with `data-key`.

const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
const rows = () => [...document.querySelectorAll("[data-row]")];

let goes = false;

function move(by) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[Math.min(Math.max(at + by, 0), all.length - 1)];
  (next.querySelector("a[href]") ?? next).focus();
  next.scrollIntoView({ block: "nearest" });
}

function go(key) {
  const place = document.querySelector(`nav a[data-key="${CSS.escape(key)}"]`);
  if (place) location.href = place.href;
  return place !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
  const went = goes && go(event.key);
  goes = !went && event.key === "g" && !goes;
  if (went || goes) {
    event.preventDefault();
    return;
  }
  const act = {
    j: () => move(1),
    k: () => move(-1),
    "/": () => document.querySelector("[type=search]")?.focus(),
    "?": () => document.getElementById("keys")?.showModal(),
  }[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});
