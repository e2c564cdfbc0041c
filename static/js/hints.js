// Changes that are hints first. That a wording opens when it is asked for is the browser's own doing; this writes out the rest.

import { post } from "./server.js";
import { gettext } from "./words.js";

const WRITTEN_OUT = gettext("All changes are written out, from now on.");
const NOT_CHANGED = gettext("This could not be changed. Try again in a moment.");

/** "Write changes out from now on", without leaving a page on which somebody is writing. */
export function watchHints(root, { say }) {
  const form = root.querySelector("form[data-write-out]");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { outcome, body } = await post(form.action, { level: form.elements.level.value });
    if (outcome !== "ok") {
      tell(form, body.message ?? NOT_CHANGED, say);
      return;
    }
    const wordings = root.querySelectorAll("details.wording");
    for (const wording of wordings) wording.open = true;
    wordings[0]?.querySelector("summary").focus();
    tell(form, WRITTEN_OUT, say);
    root.querySelector("[data-hints-first]").hidden = true;
    form.hidden = true;
  });
}

function tell(form, words, say) {
  const line = form.parentElement.querySelector("[data-told]") ?? document.createElement("p");
  line.dataset.told = "";
  line.className = "quiet";
  line.textContent = words;
  form.after(line);
  say(words);
}
