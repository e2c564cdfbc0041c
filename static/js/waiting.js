// How somebody who waits is told, as assistant/waiting.py says it on a page without scripts.

import { gettext, ngettext } from "./words.js";

export function waitingWords({ ahead, seconds }) {
  if (!ahead || seconds === 0) return gettext("you are next");
  const people = ngettext("%(count)s person before you", "%(count)s people before you", ahead);
  return seconds === null ? people : gettext("%(people)s, %(time)s", { people, time: about(seconds) });
}

function about(seconds) {
  if (seconds <= 10) return gettext("a few seconds");
  if (seconds < 60) return gettext("about %(seconds)s seconds", { seconds });
  return seconds === 60 ? gettext("about a minute") : gettext("about %(minutes)s minutes", { minutes: seconds / 60 });
}
