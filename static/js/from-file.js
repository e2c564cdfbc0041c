// Reads a file into the text field of its form. The file itself is never sent: this site takes no files.

const choice = document.querySelector("[data-from-file]");
const file = choice.querySelector("input");
const field = choice.closest("form").querySelector("textarea");

choice.hidden = false;
file.addEventListener("change", async () => {
  if (!file.files.length) return;
  field.value = (await file.files[0].text()).replace(/^\ufeff/, "");
  file.value = "";
  field.focus();
});
