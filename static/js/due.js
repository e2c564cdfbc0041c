// Times against the clock, kept fresh. The server says the same words first: moderation/due.py.

import { gettext } from "./words.js";

export function tellTimes(root = document) {
  for (const element of root.querySelectorAll("time[data-due]")) tellDue(element);
  for (const element of root.querySelectorAll("time[data-for]")) element.textContent = lasted(new Date(element.dateTime));
}

function tellDue(element) {
  const left = new Date(element.dateTime) - Date.now();
  element.textContent = left < 0 ? over(-left) : dueIn(left);
  if (left < 0) element.className = "due over";
}

function dueIn(left) {
  const minutes = Math.floor(left / 60000);
  if (minutes < 60) return gettext("due in %(count)s min", { count: minutes });
  if (minutes < 48 * 60) return gettext("due in %(count)s h", { count: Math.floor(minutes / 60) });
  return gettext("due in %(count)s days", { count: Math.floor(minutes / 1440) });
}

function over(time) {
  const minutes = Math.floor(time / 60000);
  if (minutes < 60) return gettext("%(count)s min over", { count: minutes });
  if (minutes < 48 * 60) return gettext("%(count)s h over", { count: Math.floor(minutes / 60) });
  return gettext("%(count)s days over", { count: Math.floor(minutes / 1440) });
}

function lasted(since) {
  const minutes = Math.max(0, Math.floor((Date.now() - since) / 60000));
  if (minutes < 60) return gettext("%(count)s min", { count: minutes });
  return gettext("%(count)s h", { count: Math.floor(minutes / 60) });
}

tellTimes();
setInterval(tellTimes, 20000);
