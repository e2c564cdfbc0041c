// Use, keep or undo one suggested change, on the text as it is now.

import { placeOf, placeOfUndo, remember } from "./place.js";
import { post } from "./server.js";
import { gettext } from "./words.js";

const NO_LONGER_FITS = gettext("You have changed this part since, so it no longer fits. Nothing was touched.");
const CANNOT_UNDO = gettext("This part was changed since, so it cannot be undone by itself. Nothing was touched.");
const STATES = { accepted: gettext("used"), kept: gettext("yours stays"), unhelpful: gettext("yours stays · not helpful"), "": "" };
const SAID = { accepted: gettext("Used."), kept: gettext("Yours stays."), unhelpful: gettext("Yours stays. Thank you for saying so."), "": gettext("Undone.") };
const STOPPED = gettext("Changes for this reason are put aside from the next time on. The account menu has a way back.");
const NOT_STOPPED = gettext("This could not be kept. Try again in a moment.");

export class Changes {
  #list;
  #textarea;
  #saver;
  #say;
  #made = new Map(); // index to how the edit was made, for an exact undo

  constructor(list, { textarea, saver, say }) {
    this.#list = list;
    this.#textarea = textarea;
    this.#saver = saver;
    this.#say = say;
    list.addEventListener("submit", (event) => this.#decide(event));
  }

  #decide(event) {
    const item = event.target.closest("li.change");
    if (!item || !event.submitter) return;
    event.preventDefault();
    if (event.submitter.name === "stop") {
      this.#stopKind(item, event.submitter.formAction);
      return;
    }
    const verdict = event.submitter.value;
    const position = this.#items().indexOf(item);
    const fitted = verdict === "accepted" ? this.#use(position) : verdict === "undone" ? this.#undo(position, item) : true;
    if (!fitted) {
      this.#setAside(item, verdict === "accepted" ? NO_LONGER_FITS : CANNOT_UNDO);
      return;
    }
    const before = item.dataset.state;
    show(item, verdict === "undone" ? "" : verdict);
    const fields = { verdict, reason: verdict === "unhelpful" ? event.target.elements.reason.value : "" };
    this.#saver.decide(event.target.action, fields, (_body, refusal) => {
      if (refusal) this.#setAside(item, refusal.message, before);
    });
    this.#moveOn(item, verdict); // after it: leaving the text saves it, and would save what was suggested as typed
  }

  async #stopKind(item, url) {
    const { outcome, body } = await post(url, {});
    const message = outcome === "ok" ? STOPPED : (body.message ?? NOT_STOPPED);
    this.#setAside(item, message);
    this.#say(message);
  }

  #use(position) {
    return this.#replace(position, (text, changes) => placeOf(text, changes, position));
  }

  #undo(position, item) {
    if (item.dataset.state !== "accepted") {
      this.#saver.noteTyped();
      return true;
    }
    return this.#replace(position, (text, changes) => placeOfUndo(text, changes, position, this.#made.get(position)));
  }

  #replace(position, find) {
    const text = this.#textarea.value;
    const edit = find(text, this.#items().map(changeOf));
    if (!edit) return false;
    this.#saver.noteTyped();
    this.#made.set(position, remember(text, edit));
    replaceIn(this.#textarea, edit);
    return true;
  }

  #items() {
    return [...this.#list.querySelectorAll("li.change")];
  }

  #setAside(item, reason, state = item.dataset.state) {
    const focused = document.activeElement;
    show(item, state);
    if (item.contains(focused) && !focused.checkVisibility()) goTo(item); // its button or its fold has just gone
    const why = item.querySelector(".why");
    why.textContent = reason;
    why.hidden = false;
  }

  /** To the next open change; after the last one, or an undo, stay with this one. */
  #moveOn(item, verdict) {
    this.#say(SAID[verdict === "undone" ? "" : verdict]);
    const items = this.#items();
    const ahead = [...items.slice(items.indexOf(item) + 1), ...items.slice(0, items.indexOf(item))];
    const next = verdict === "undone" ? item : (ahead.find((other) => other.dataset.kind !== "keep" && !other.dataset.state && !("stopped" in other.dataset)) ?? item);
    goTo(next);
  }
}

function goTo(item) {
  [...item.querySelectorAll("summary, button")].find((one) => one.checkVisibility()).focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
}

function changeOf(item) {
  const { kind, start, before, after, state } = item.dataset;
  return { kind, start: Number(start), before, after, state };
}

function show(item, state) {
  item.dataset.state = state;
  item.querySelector(".state").textContent = STATES[state];
  item.querySelector(".why").hidden = true;
  for (const button of item.querySelectorAll("form > button, .wording > button")) button.hidden = (button.value === "undone") === (state === "");
  const details = item.querySelector(".not-helpful");
  details.hidden = state !== "";
  details.open = false;
}

/** Through the browser's own editing where that works, so that its undo keys go on working; caret and scroll stay. */
function replaceIn(textarea, { start, end, put }) {
  const { selectionStart, selectionEnd, selectionDirection, scrollTop } = textarea;
  const shift = put.length - (end - start);
  const moved = (at) => (at >= end ? at + shift : Math.min(at, start + put.length));
  // Focus would open the keyboard of a phone.
  if (!matchMedia("(pointer: fine)").matches || !typeOver(textarea, start, end, put)) textarea.setRangeText(put, start, end);
  textarea.setSelectionRange(moved(selectionStart), moved(selectionEnd), selectionDirection);
  textarea.scrollTop = scrollTop;
}

function typeOver(textarea, start, end, put) {
  const wanted = textarea.value.slice(0, start) + put + textarea.value.slice(end);
  textarea.dispatchEvent(new CustomEvent("lantern:editing", { detail: true }));
  textarea.focus({ preventScroll: true });
  textarea.setSelectionRange(start, end);
  const done = put ? document.execCommand("insertText", false, put) : document.execCommand("delete");
  textarea.dispatchEvent(new CustomEvent("lantern:editing", { detail: false }));
  return done && textarea.value === wanted;
}
