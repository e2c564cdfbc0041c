// Keeps the queue fresh: a poke over the socket makes htmx fetch the rows; htmx itself looks every ten seconds.

import { backOff } from "./server.js";
import { gettext, ngettext } from "./words.js";

const SIGN_IN = 4401;
const FORBIDDEN = 4403;
const name = document.title;
const rows = document.getElementById("queue-rows");
const live = document.getElementById("queue-live");
const spoken = document.getElementById("queue-count");
let failures = 0;
let count = countOf();

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/ws/queue`);
  socket.onmessage = (event) => hear(event.data);
  socket.onopen = () => {
    live.textContent = gettext("live");
  };
  socket.onclose = ({ code }) => reconnect(code);
}

function hear(data) {
  failures = 0;
  try {
    if (JSON.parse(data).t === "queue") document.body.dispatchEvent(new CustomEvent("queue-changed"));
  } catch {
    // not ours
  }
}

function reconnect(code) {
  live.textContent = gettext("looked at every 10 s");
  if (code === SIGN_IN || code === FORBIDDEN) {
    tellSignedOut();
    return;
  }
  setTimeout(connect, backOff(failures));
  failures += 1;
}

function tellSignedOut() {
  live.textContent = gettext("You were signed out. Reload the page to sign in again.");
}

function countOf() {
  return Number(rows.querySelector("[data-count]")?.dataset.count ?? 0);
}

function tellCount() {
  const now = countOf();
  document.title = now ? `(${now}) ${name}` : name;
  if (now !== count) spoken.textContent = ngettext("%(count)s open flag", "%(count)s open flags", now);
  count = now;
}

rows.addEventListener("htmx:afterSwap", tellCount);
document.addEventListener("lantern:signed-out", (event) => {
  event.preventDefault();
  tellSignedOut();
});
tellCount();
connect();
