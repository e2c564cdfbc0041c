// The sentences of the scripts in the language of the page. English stands in the scripts; what stands for it in another
// language comes with the page. makemessages finds the sentences by the names of these functions.

const WORDS = JSON.parse(document.getElementById("script-words")?.textContent || "{}");

/** `values` go where the sentence has %(name)s. */
export function gettext(sentence, values = {}) {
  return filled(WORDS[sentence] ?? sentence, values);
}

/** For one, and for any other number; `count` goes where the sentence has %(count)s. */
export function ngettext(one, many, count, values = {}) {
  const forms = WORDS[one] ?? [one, many];
  return filled(forms[count === 1 ? 0 : 1], { count, ...values });
}

function filled(sentence, values) {
  return sentence.replaceAll(/%\((\w+)\)s/g, (_, name) => values[name]);
}
