// Keys for what the buttons do, and the sheet that lists them. Which key does what comes with the sheet, from the server.

import { ACTS, isHere } from "./acts.js";

// Escape
const AFTER = {
  "reply-text": "text-hint",
  "decision-reason": "reason-help",
  "together-reason": "together-count",
  "end-note": "end-note-help",
};
const FIELDS = "input:not([type='checkbox'], [type='radio']), textarea, select, [contenteditable]:not([contenteditable='false'])";
const sheet = document.getElementById("keys-sheet");
const keys = "on" in sheet.dataset ? keysHere() : new Map();

function keysHere() {
  const groups = [...sheet.querySelectorAll("[data-place]")].filter((group) => isHere(group.dataset.place));
  const lines = groups.flatMap((group) => [...group.querySelectorAll("[data-act]")]);
  return new Map(lines.filter((line) => line.dataset.key).map((line) => [line.dataset.key, line.dataset.act]));
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.repeat) return; // who rests on a key means it once
  if (event.target.closest(FIELDS)) {
    if (event.key === "Escape" && event.target.id in AFTER && keys.size) leaveText(event.target);
    return;
  }
  const act = keys.get(nameOf(event));
  if (!act || (act !== "sheet" && document.querySelector("dialog[open]"))) return;
  const acted = act === "sheet" ? turnSheet() : ACTS[act]();
  if (acted) event.preventDefault();
});

/** Shift belongs to some signs; to a letter it does not, and what it means there is left alone, as with other modifiers. */
function nameOf({ key, ctrlKey, altKey, metaKey, shiftKey }) {
  const isLetter = key.toLowerCase() !== key.toUpperCase();
  if (ctrlKey || altKey || metaKey || (shiftKey && isLetter)) return null;
  return key.toLowerCase();
}

/** To what stands under it: from there Tab goes on as from the text. */
function leaveText(text) {
  const hint = document.getElementById(AFTER[text.id]);
  hint.tabIndex = -1;
  hint.focus({ preventScroll: true });
}

// The browser keeps the focus inside a modal dialog, closes it with Escape, and gives the focus back.
function turnSheet() {
  if (sheet.open) sheet.close();
  else if (!document.querySelector("dialog[open]")) sheet.showModal();
  return true;
}

document.getElementById("open-keys").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return; // into a window of its own
  event.preventDefault();
  turnSheet();
});
