// Times against the clock, kept fresh. The server says the same words first: moderation/due.py.

import { gettext } from "./words.js";

export function tellTimes(root = document) {
  for (const element of root.querySelectorAll("time[data-due]")) tellDue(element);
  for (const element of root.querySelectorAll("time[data-for]")) element.textContent = lasted(new Date(element.dateTime));
}

function tellDue(element) {
  const left = new Date(element.dateTime) - Date.now();
  element.textContent = dueWords(left);
  if (left < 0) element.className = "due over";
}

function dueWords(left) {
  const isOver = left < 0;
  const minutes = Math.floor(Math.abs(left) / 60000);
  if (minutes === 0) return gettext("due now");
  if (minutes < 60) {
    return isOver ? gettext("%(count)s min over", { count: minutes }) : gettext("due in %(count)s min", { count: minutes });
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return isOver ? gettext("%(count)s h over", { count: hours }) : gettext("due in %(count)s h", { count: hours });
  const days = Math.floor(hours / 24);
  return isOver ? gettext("%(count)s days over", { count: days }) : gettext("due in %(count)s days", { count: days });
}

function lasted(since) {
  const minutes = Math.max(0, Math.floor((Date.now() - since) / 60000));
  if (minutes < 60) return gettext("%(count)s min", { count: minutes });
  return gettext("%(count)s h", { count: Math.floor(minutes / 60) });
}

tellTimes();
setInterval(tellTimes, 20000);
