// What somebody typed about a case is lost to nothing: before a form leaves the page it is asked whether anybody is signed in and
// whether the site can be reached; and who goes elsewhere with words that were not sent is asked first.

import { get } from "./server.js";
import { gettext } from "./words.js";

const unsent = document.getElementById("unsent");
let asking = false;
let leaving = false;

function isTyped() {
  return [...document.querySelectorAll("main form textarea, textarea[form], #why")].some((field) => field.value !== field.defaultValue);
}

document.addEventListener(
  "submit",
  (event) => {
    if (leaving || event.target.method !== "post" || !isTyped()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!asking) askFirst(event.target, event.submitter);
  },
  { capture: true },
);

async function askFirst(form, submitter) {
  asking = true;
  const { outcome } = await get(unsent.dataset.ask);
  asking = false;
  if (outcome === "signed-out" || outcome === "unreachable") {
    tell(outcome);
    return;
  }
  unsent.hidden = true;
  leaving = true; // whatever else is wrong the answer shows, with all that was typed
  form.requestSubmit(submitter);
}

function tell(outcome) {
  const words = { "signed-out": gettext("You were signed out."), unreachable: gettext("Lantern cannot be reached.") };
  unsent.querySelector("strong").textContent = words[outcome];
  unsent.querySelector("a").hidden = outcome !== "signed-out";
  unsent.hidden = false;
  unsent.scrollIntoView({ block: "nearest" });
}

document.addEventListener("lantern:leave", () => (leaving = true)); // who leaves quickly is asked nothing
addEventListener("beforeunload", (event) => {
  if (!leaving && isTyped()) event.preventDefault();
});
addEventListener("pageshow", () => (leaving = false));
