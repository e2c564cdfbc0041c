// Sends a form that stands beside words (a claim, a note) without leaving the page on which they are typed, and puts what it
// changed in its place.

import { gettext } from "./words.js";

const PARTS = ["claim", "notes", "history"];
const said = document.getElementById("stayed");

/** @returns {Promise<"ok"|"signed-out"|"unreachable">} */
export async function sendAndStay(form) {
  const fields = new URLSearchParams(new FormData(form));
  fields.set("stay", "1"); // on the page of this flag
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body: fields, credentials: "same-origin", cache: "no-store" });
  } catch {
    return "unreachable";
  }
  if (answer.status >= 500) return "unreachable";
  const page = new DOMParser().parseFromString(await answer.text(), "text/html"); // runs no scripts
  if (answer.status === 403 || new URL(answer.url).searchParams.has("next")) return "signed-out";
  const refusal = page.querySelector("#refusal, main > .messages .warning");
  if (page.getElementById("claim")) putIn(page, answer.ok ? form : null);
  tell(refusal?.textContent ?? (answer.ok ? form.dataset.stays : gettext("This is no longer there.")), refusal || !answer.ok);
  return "ok";
}

/** What was sent is no longer typed; every other field keeps what it holds. */
function putIn(page, sent) {
  for (const id of PARTS) {
    const part = document.getElementById(id);
    const newer = page.getElementById(id);
    if (!part || !newer) continue;
    const hadFocus = part.contains(document.activeElement);
    keepWords(part, newer, sent);
    part.replaceWith(newer);
    if (hadFocus) newer.querySelector("textarea, button:not([hidden] *), summary")?.focus({ preventScroll: true });
  }
  document.dispatchEvent(new CustomEvent("lantern:stayed"));
}

function keepWords(part, newer, sent) {
  for (const field of part.querySelectorAll("textarea, input[type='text']")) {
    const again = newer.querySelector(`#${field.id}`);
    if (again && !(sent && field.form === sent)) again.value = field.value;
  }
}

function tell(words, isRefused) {
  said.className = isRefused ? "notice look" : "unseen";
  said.textContent = words;
}
