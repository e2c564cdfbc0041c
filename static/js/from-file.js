// Reads a file into the text field of its form. The file itself is never sent: this site takes no files.

import { gettext } from "./words.js";

const choice = document.querySelector("[data-from-file]");
const file = choice.querySelector("input");
const said = choice.querySelector("[role='alert']");
const field = choice.closest("form").querySelector("textarea");

choice.hidden = false;
file.addEventListener("change", async () => {
  if (!file.files.length) return;
  const text = (await file.files[0].text()).replace(/^\ufeff/, "");
  file.value = "";
  said.textContent = whyNot(text);
  said.hidden = !said.textContent;
  if (!said.hidden) return;
  field.value = text;
  field.focus();
});

/** What the server would refuse as a whole, with everything else that the page holds; empty where it fits. */
function whyNot(text) {
  const lines = text.split("\n").filter((line) => line.trim()).length;
  const most = Number(choice.dataset.mostLines ?? Infinity);
  if (!lines) return gettext("This file is empty. The field above is as it was.");
  if (lines > most) return gettext("%(n)s lines; %(most)s fit at a time. Split the file; the field above is as it was.", { n: lines, most });
  if (text.length > field.maxLength && field.maxLength > 0)
    return gettext("%(n)s characters; %(most)s fit at a time. Split the file; the field above is as it was.", {
      n: text.length,
      most: field.maxLength,
    });
  return "";
}
