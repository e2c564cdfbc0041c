// Keeps the queue fresh: a poke over the socket makes htmx fetch the rows; htmx itself looks every ten seconds.

import { listen } from "./pokes.js";
import { merge, rowsOf, watchTouch } from "./rows.js";
import { getFragment } from "./server.js";
import { gettext, ngettext } from "./words.js";

const MOST_TOGETHER = 40; // what one form takes
const PAUSE_MS = 400; // between two looks, however many people work
const name = document.title;
const box = document.getElementById("queue-rows");
const live = document.getElementById("queue-live");
const spoken = document.getElementById("queue-count");
const arrived = document.getElementById("queue-arrived");
const together = document.getElementById("together");
const opened = new Date(box.dataset.now); // by the server's clock
const known = new Set(rowsOf(box).map((row) => row.id));
const waiting = new Set(); // new ones that are not shown yet
let latest = null; // the rows as the server has them
let looking = null;
let isLive = null; // not known yet
let isSignedOut = false;

// Live

function lookSoon() {
  looking ??= setTimeout(() => {
    looking = null;
    document.body.dispatchEvent(new CustomEvent("queue-changed"));
  }, PAUSE_MS);
}

box.addEventListener("htmx:configRequest", ({ detail }) => {
  const last = rowsOf(box).at(-1);
  if (last) detail.parameters.set("upto", last.dataset.flag);
});

box.addEventListener("htmx:afterRequest", ({ detail }) => {
  const { successful, xhr, pathInfo } = detail;
  if (!successful && xhr.status !== 401) live.textContent = gettext("· cannot be reached");
  if (!successful || new URL(xhr.responseURL).pathname !== new URL(pathInfo.requestPath, location.href).pathname) return;
  isSignedOut = false;
  tellLive();
  take(new DOMParser().parseFromString(xhr.responseText, "text/html").body);
});

function tellLive() {
  if (!isSignedOut) live.textContent = isLive ? gettext("· live") : gettext("· looked at every 10 s");
}

function take(fresh) {
  const counted = fresh.querySelector("[data-total]").dataset;
  const filters = fresh.querySelector("[data-filters]");
  filters?.remove();
  const news = newOf(rowsOf(fresh));
  for (const row of rowsOf(fresh)) known.add(row.id);
  for (const row of news) waiting.add(row.id);
  latest = fresh.cloneNode(true);
  tellWaiting(merge(box, fresh));
  tellCounts(counted, filters);
  if (news.length) spoken.textContent = `${newWords(news)} ${openWords(Number(counted.total))}`;
  else if (counted.total === "0") spoken.textContent = gettext("Nothing waits for you");
  nameAgain();
}

/** Not those that only moved up to the last place, because something before them was decided. */
function newOf(rows) {
  const last = rows.findLastIndex((row) => known.has(row.id));
  const isLater = (row) => new Date(row.querySelector(".waited time").dateTime) > opened;
  return rows.filter((row, place) => !known.has(row.id) && (place < last || isLater(row)));
}

function tellWaiting(held) {
  const rows = held.filter((row) => waiting.has(row.id));
  if (held.length === 0) waiting.clear();
  arrived.hidden = rows.length === 0;
  if (rows.length) arrived.textContent = `${newWords(rows)} ${gettext("Show")}`;
}

arrived.addEventListener("click", () => {
  const before = new Set(rowsOf(box).map((row) => row.id));
  merge(box, latest, { anyway: true });
  tellWaiting([]);
  rowsOf(box).find((row) => !before.has(row.id))?.querySelector("a").focus();
  nameAgain();
});

function newWords(rows) {
  const urgent = rows.filter((row) => "urgent" in row.dataset).length;
  const all = ngettext("%(count)s new flag.", "%(count)s new flags.", rows.length);
  return urgent ? `${all} ${ngettext("%(count)s is urgent or held.", "%(count)s are urgent or held.", urgent)}` : all;
}

function openWords(total) {
  return ngettext("%(count)s open flag", "%(count)s open flags", total);
}

function tellCounts({ total, shown }, filters = null) {
  document.title = total === "0" ? name : `(${total}) ${name}`;
  document.getElementById("queue-total").textContent = total;
  document.getElementById("queue-shown").textContent = shown;
  const rail = document.getElementById("queue-filters");
  if (!filters || rail.contains(document.activeElement) || rail.matches(":hover")) return;
  const open = [...rail.querySelectorAll("details[open]")].map((group) => group.dataset.name);
  rail.replaceChildren(...filters.childNodes);
  for (const group of rail.querySelectorAll("details")) group.open = open.includes(group.dataset.name);
}

/** page.js tells the ages and languages in what is new. */
function nameAgain() {
  document.querySelector(".desk").dispatchEvent(new CustomEvent("lantern:put-in", { bubbles: true }));
}

// More of them

box.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-more]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const nodes = await getFragment(link.dataset.more);
  if (nodes === null) {
    location.assign(link.href);
    return;
  }
  const page = document.createElement("div");
  page.append(...nodes);
  const more = rowsOf(page);
  for (const row of more) known.add(row.id);
  box.querySelector("ul.list").append(...more);
  link.parentElement.replaceWith(...page.querySelectorAll(".more"));
  more[0]?.querySelector("a").focus();
  nameAgain();
});

// Several together

function tellChosen() {
  const chosen = [...box.querySelectorAll("input[name='chosen']:checked")];
  document.getElementById("together-count").textContent = chosen.length || "";
  const isFull = chosen.length >= MOST_TOGETHER;
  for (const other of box.querySelectorAll("input[name='chosen']:not(:checked)")) other.disabled = isFull;
  for (const button of together.querySelectorAll("button[name='outcome']")) {
    button.hidden = !chosen.every((one) => one.dataset.outcomes.split(",").includes(button.value));
  }
}

if (together) {
  box.addEventListener("change", tellChosen);
  together.addEventListener("reset", () => setTimeout(tellChosen));
  tellChosen();
}

function tellSignedOut() {
  isSignedOut = true;
  live.textContent = gettext("You were signed out. Reload the page to sign in again.");
}

document.addEventListener("lantern:signed-out", (event) => {
  event.preventDefault();
  tellSignedOut();
});

if (matchMedia("(max-width: 68.75rem)").matches) document.querySelector("details.filters").open = false;
watchTouch(box);
tellCounts(box.querySelector("[data-total]").dataset);
listen({
  changed: lookSoon,
  live: (isOpen) => {
    if (isLive !== isOpen && !isOpen) lookSoon(); // whether it is the socket alone that is away
    isLive = isOpen;
    if (isOpen) tellLive();
  },
  signedOut: tellSignedOut,
});
