// The rows of the queue, kept as the server has them without taking them from under a finger.
//
// While somebody is at them (the focus or the pointer is in a row, or rows are chosen) no row moves: what changed is
// written into its row, what is gone stays in its place and says so, and what is new waits behind a button.

import { tellTimes } from "./due.js";
import { keepInPlace } from "./in-place.js";
import { gettext } from "./words.js";

const TOUCH_MS = 10000; // after a finger, which hovers over nothing
let touched = -TOUCH_MS;

export function watchTouch(box) {
  box.addEventListener("touchstart", () => (touched = performance.now()), { passive: true });
}

export function rowsOf(root) {
  return [...root.querySelectorAll("li.flag")];
}

function isAtThem(box) {
  const isPointed = matchMedia("(hover: hover)").matches && box.matches(":hover");
  const isTouched = performance.now() - touched < TOUCH_MS;
  return isPointed || isTouched || box.contains(document.activeElement) || box.querySelector("input:checked") !== null;
}

/** @returns {Element[]} the rows that are new and were not put in, because somebody is at the others. */
export function merge(box, fresh, { anyway = false } = {}) {
  const shown = new Map(rowsOf(box).map((row) => [row.id, row]));
  const next = new Map(rowsOf(fresh).map((row) => [row.id, row]));
  const isHeld = shown.size > 0 && !anyway && isAtThem(box);
  keepAtRow(box, () => {
    for (const [id, row] of shown) refresh(row, next.get(id));
    if (!isHeld) putInOrder(box, fresh, shown, next);
    // Before it is measured: what the server writes is longer, and may take another line.
    tellTimes(box);
    box.dispatchEvent(new CustomEvent("lantern:put-in", { bubbles: true }));
  });
  return isHeld ? [...next].filter(([id]) => !shown.has(id)).map(([, row]) => row) : [];
}

function refresh(row, newer) {
  row.classList.toggle("gone", !newer);
  if (!newer) {
    row.querySelector(".waited").textContent = gettext("waits here no more");
    row.dataset.state = "";
    return;
  }
  if (newer.dataset.state === row.dataset.state) return;
  const hadFocus = row.contains(document.activeElement) ? document.activeElement.id : null;
  const wasChosen = row.querySelector("input:checked") !== null;
  row.className = newer.className;
  row.dataset.state = newer.dataset.state;
  row.replaceChildren(...[...newer.cloneNode(true).childNodes]);
  const box = row.querySelector("input[name='chosen']");
  if (box && wasChosen) box.checked = true;
  if (hadFocus) (document.getElementById(hadFocus) ?? row.querySelector("a")).focus({ preventScroll: true });
}

/** Rows that are there already keep their nodes, and those in the right order are not even touched. */
function putInOrder(box, fresh, shown, next) {
  const list = box.querySelector("ul.list");
  if (!list || next.size === 0) {
    box.replaceChildren(...fresh.childNodes);
    return;
  }
  for (const [id, row] of shown) if (!next.has(id)) row.remove();
  let place = list.firstElementChild;
  for (const [id, row] of next) {
    const wanted = shown.get(id) ?? row;
    if (wanted === place) place = place.nextElementSibling;
    else list.insertBefore(wanted, place);
  }
  list.dataset.total = fresh.querySelector("[data-total]").dataset.total;
  for (const selector of [".more", ".outside"]) box.querySelector(selector)?.remove();
  box.append(...fresh.querySelectorAll(".more"));
  box.prepend(...fresh.querySelectorAll(".outside"));
}

/** The row that has the focus or the pointer, or else the first that is seen. */
function keepAtRow(box, change) {
  const rows = rowsOf(box);
  const seen = rows.find((row) => row.getBoundingClientRect().bottom > 0);
  const anchor = rows.find((row) => row.contains(document.activeElement)) ?? rows.find((row) => row.matches(":hover")) ?? seen;
  keepInPlace(anchor, change, (before) => !(anchor === seen && before > 0 && rows[0] === anchor && scrollY === 0));
}
