// The claim on the flag that is open here: renewed while somebody types or moves, and told when it ended or went to another.

import "./due.js";
import { listen } from "./pokes.js";
import { get, post } from "./server.js";
import { gettext } from "./words.js";

const SIGNS_OF_LIFE = ["keydown", "pointermove", "pointerdown", "scroll", "input"];
const claim = document.getElementById("claim");
const left = document.getElementById("claim-left");
const told = document.getElementById("claim-told");
let ends = 0; // by this page's own clock, which may differ from the server's
let isAlive = true; // opening the page is one, too
let isOver = false;
let asking = null;

function take({ outcome, body }) {
  if (outcome !== "ok" && outcome !== "refused") return; // what is away now is asked again
  if (outcome === "refused") end(body.message);
  else if (body.mine) {
    ends = performance.now() + body.left * 1000;
    if (body.said) say(body.said); // the claim goes on; what the page shows is behind
  } else end(body.said);
  tell();
}

function end(said) {
  isOver = true;
  say(said);
}

function say(said) {
  if (!told.hidden && told.textContent === said) return;
  told.textContent = said;
  told.hidden = false;
  told.scrollIntoView({ block: "nearest" });
}

function tell() {
  const minutes = Math.ceil((ends - performance.now()) / 60000);
  if (isOver) left.textContent = gettext("no longer");
  else if (minutes > 0) left.textContent = gettext("%(count)s min left, renewed while you work here", { count: minutes });
}

async function renew() {
  if (isOver || !isAlive) return;
  isAlive = false;
  take(await post(claim.dataset.renew, {}));
}

/** However many changes there are in the queue, once in a moment. */
function askSoon() {
  asking ??= setTimeout(async () => {
    asking = null;
    if (!isOver) take(await get(claim.dataset.ask));
  }, 300);
}

if (claim && "renew" in claim.dataset) {
  ends = performance.now() + Number(claim.dataset.left) * 1000;
  for (const name of SIGNS_OF_LIFE) document.addEventListener(name, () => (isAlive = true), { passive: true, capture: true });
  setInterval(renew, Number(claim.dataset.every) * 1000);
  setInterval(() => (performance.now() > ends ? askSoon() : tell()), 10000);
  listen({ changed: askSoon });
  tell();
}
