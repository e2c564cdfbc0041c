// Rating by keys, the time a text was in front of somebody, what was chosen when a session ended, and comments on words that were
// selected. The page works without.

import { LocalCopy } from "./local.js";

const form = document.getElementById("rating");
const scales = [...form.querySelectorAll("[data-scale]")];
const NO_KEYS = "textarea, select, input:not([type='radio']), [contenteditable]";

// Keys

if ("on" in document.getElementById("keys-sheet").dataset) {
  document.getElementById("keys-hint").hidden = !matchMedia("(any-hover: hover)").matches; // a phone has no such keys
  document.addEventListener("keydown", act);
}

function act(event) {
  const { key, ctrlKey, altKey, metaKey, repeat, isComposing, defaultPrevented, target } = event;
  if (defaultPrevented || isComposing || repeat || ctrlKey || altKey || metaKey) return;
  if (target.closest(NO_KEYS) || document.querySelector("dialog[open]")) return;
  if ((target.closest("form") ?? form) !== form) return; // that of leaving it out, or of the account menu
  const acted = key === "Enter" ? goOn(target) : choose(key);
  if (acted) event.preventDefault();
}

/** The answer of the question that has the focus, else of the first that has none; then on to the next. */
function choose(key) {
  const scale = scales.find((one) => one.contains(document.activeElement)) ?? scales.find(isOpen);
  const point = scale?.querySelectorAll("input[type='radio']")[Number(key) - 1];
  if (!/^[1-5]$/.test(key) || !point) return false;
  point.checked = true;
  point.dispatchEvent(new Event("input", { bubbles: true })); // as a click does
  const behind = scales.slice(scales.indexOf(scale) + 1);
  const next = behind.find(isOpen) ?? scales.find(isOpen);
  goTo(next ? next.querySelector("input[type='radio']") : document.getElementById("go-on"));
  return true;
}

function isOpen(scale) {
  return !scale.querySelector(":checked");
}

function goTo(element) {
  element.focus({ preventScroll: true });
  (element.closest("[data-scale]") ?? element).scrollIntoView({ block: "nearest" });
}

/** From anywhere but what Enter presses itself. */
function goOn(target) {
  if (target.closest("a, button, summary")) return false;
  form.requestSubmit(document.getElementById("go-on"));
  return true;
}

// Seconds in front of the page

const field = form.elements.seconds;
let seconds = Number(field.value) || 0;
let since = document.hidden ? null : performance.now();

function stop() {
  if (since !== null) seconds += (performance.now() - since) / 1000;
  since = null;
}

document.addEventListener("visibilitychange", () => {
  stop();
  if (!document.hidden) since = performance.now();
});

form.addEventListener("submit", () => {
  stop();
  field.value = seconds.toFixed(1);
  since = performance.now(); // the browser may stay here
});

// What was chosen and not sent. Whoever has to sign in again in between finds it as it was.

const copy = new LocalCopy("rating"); // one at a time
const KEPT = [...form.elements].filter(({ name, type }) => name && type !== "hidden");

const address = new URL(form.action).pathname;
const found = read(copy.get()?.text);

document.addEventListener("input", ({ target }) => target.form === form && keep());
if (location.pathname !== address) keep(); // it comes back from keeping or deleting a comment, with everything else as it was
else if (found?.at === place()) chooseAgain(found.chosen);
else copy.drop(); // it was sent, or is of another text

function keep() {
  copy.keep(JSON.stringify({ at: place(), chosen: chosen() }));
}

function place() {
  return `${address} ${form.elements.seen.value}`; // an answer that was kept meanwhile makes it stale
}

function chosen() {
  return KEPT.map((one) => (one.type === "radio" ? one.checked : one.value));
}

function chooseAgain(values) {
  if (values?.length !== KEPT.length) return;
  KEPT.forEach((one, number) => {
    if (one.type === "radio") one.checked = values[number] === true;
    else if (one.id !== "comment_words" || [...one.options].some(({ value }) => value === values[number])) one.value = values[number];
  });
  if (document.getElementById("comment_note").value) document.getElementById("comment-fold").open = true;
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// Comments on words that were selected

const fold = document.getElementById("comment-fold");
const words = document.getElementById("comment_words");
let selected = null; // as the server reads it: which text, and from which character to which

document.addEventListener("selectionchange", () => {
  const found = selectedWords();
  selected = found ?? selected;
  for (const button of document.querySelectorAll("[data-comment-on]")) {
    button.hidden = !(selected && selected.startsWith(`${button.dataset.commentOn}:`));
  }
});

document.addEventListener("click", ({ target }) => {
  if (!target.closest("[data-comment-on]")) return;
  const own = words.querySelector("[data-selected]") ?? new Option(words.dataset.own);
  words.options[0].after(own); // before the sentences, which stand in groups where there are two replies
  own.dataset.selected = "";
  own.value = selected;
  own.selected = true;
  requestAnimationFrame(() => {
    fold.open = true; // a phone on which words are selected does not show it when it opens within the tap
    document.getElementById("comment_note").focus();
  });
});

function selectedWords() {
  const selection = document.getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  const text = (range.startContainer.parentElement ?? document.body).closest("[data-text]");
  if (!text?.contains(range.endContainer)) return null;
  const before = document.createRange();
  before.setStart(text, 0);
  before.setEnd(range.startContainer, range.startOffset);
  const start = lengthOf(before.toString());
  return `${text.dataset.text}:${start}-${start + lengthOf(range.toString())}`;
}

/** In characters, as the server counts them: one outside the basic plane is one. */
function lengthOf(string) {
  return [...string].length;
}
