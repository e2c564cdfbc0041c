// What somebody typed about a case is lost to nothing: before a form leaves the page it is asked whether anybody is signed in and
// whether the site can be reached; a claim or a note is sent without leaving; and who goes elsewhere with words that were not
// sent is asked first.

import { get } from "./server.js";
import { sendAndStay } from "./staying.js";
import { gettext } from "./words.js";

const WORDS = "main form textarea, textarea[form], #why";
const unsent = document.getElementById("unsent");
let asking = false;
let leaving = false;

/** What was changed here, and what came back on a form that was refused. */
function typed() {
  return [...document.querySelectorAll(WORDS)].filter(
    (field) => field.value !== field.defaultValue || (field.value.trim() !== "" && cameBack(field.form)),
  );
}

function cameBack(form) {
  return form !== null && ("typed" in form.dataset || form.querySelector(".errorlist") !== null);
}

document.addEventListener(
  "submit",
  (event) => {
    if (leaving || event.target.method !== "post" || typed().length === 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!asking) send(event.target, event.submitter);
  },
  { capture: true },
);

/** What came of it is said of what is closed, and of nothing else. */
document.addEventListener(
  "click",
  ({ target }) => {
    const button = target.closest("button[name='outcome']");
    const closing = button?.form?.elements.namedItem("closed_as");
    if (closing) closing.required = button.value === "close";
  },
  { capture: true },
);

async function send(form, submitter) {
  asking = true;
  const isOut = tell((await get(unsent.dataset.ask)).outcome);
  const others = typed().filter((field) => field.form !== form);
  if (isOut) {
    // it says so
  } else if (others.length && "stays" in form.dataset) {
    tell(await sendAndStay(form));
  } else if (others.length === 0 || confirm(gettext("What else you wrote on this page is not sent with this. Go on without it?"))) {
    leaving = true; // whatever else is wrong the answer shows, with all that was typed
    form.requestSubmit(submitter);
  }
  asking = false;
}

/** @returns whether nothing could be sent. */
function tell(outcome) {
  const words = { "signed-out": gettext("You were signed out."), unreachable: gettext("Lantern cannot be reached.") };
  unsent.hidden = !(outcome in words);
  if (unsent.hidden) return false;
  unsent.querySelector("strong").textContent = words[outcome];
  unsent.querySelector("a").hidden = outcome !== "signed-out";
  const isInSight = getComputedStyle(unsent.parentElement).position === "sticky"; // scrolling there would move the case away
  if (!isInSight) unsent.scrollIntoView({ block: "nearest" });
  return true;
}

document.addEventListener("lantern:leave", () => (leaving = true)); // who leaves quickly is asked nothing
addEventListener("beforeunload", (event) => {
  if (!leaving && typed().length) event.preventDefault();
});
addEventListener("pageshow", () => (leaving = false));
