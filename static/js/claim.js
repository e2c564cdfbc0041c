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

function take({ outcome, body }) {
  if (outcome !== "ok") return; // what is away now is asked again; deciding says what is wrong
  if (body.mine) ends = performance.now() + body.left * 1000;
  else end(body.said);
  tell();
}

function end(said) {
  if (isOver && told.textContent === said) return;
  isOver = true;
  told.textContent = said;
  told.hidden = false;
  told.scrollIntoView({ block: "nearest" });
}

function tell() {
  const minutes = Math.ceil((ends - performance.now()) / 60000);
  if (isOver) left.textContent = gettext("no longer");
  else if (minutes > 0) left.textContent = gettext("for another %(count)s min, renewed while you type or move here", { count: minutes });
}

async function renew() {
  if (isOver || !isAlive) return;
  isAlive = false;
  take(await post(claim.dataset.renew, {}));
}

async function ask() {
  if (!isOver) take(await get(claim.dataset.ask));
}

if (claim && "renew" in claim.dataset) {
  ends = performance.now() + Number(claim.dataset.left) * 1000;
  for (const name of SIGNS_OF_LIFE) document.addEventListener(name, () => (isAlive = true), { passive: true, capture: true });
  setInterval(renew, Number(claim.dataset.every) * 1000);
  setInterval(() => (performance.now() > ends ? ask() : tell()), 10000);
  listen({ changed: ask });
  tell();
}
