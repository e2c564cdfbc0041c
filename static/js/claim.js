// Who has the flag that is open here: one's own claim is renewed while somebody types or moves, and the page says when it ended,
// went to another, or was decided.

import "./due.js";
import { listen } from "./pokes.js";
import { get, post } from "./server.js";
import { gettext } from "./words.js";

const SIGNS_OF_LIFE = ["keydown", "pointermove", "pointerdown", "scroll", "input"];
let ends = 0; // by this page's own clock, which may differ from the server's
let isMine = false;
let isAlive = true; // opening the page is one, too
let asking = null;

const part = (id) => document.getElementById(id); // anew each time: staying.js puts others in their place

/** From what the page says. */
function begin() {
  const { left, renew } = part("claim").dataset;
  isMine = renew !== undefined;
  ends = performance.now() + Number(left) * 1000;
  tell();
}

function take({ outcome, body }) {
  if (outcome !== "ok" && outcome !== "refused") return; // what is away now is asked again
  if (outcome === "ok" && body.mine) {
    ends = performance.now() + body.left * 1000;
    if (body.said) say(body.said); // the claim goes on; what the page shows is behind
    tell();
    return;
  }
  const said = body.message ?? (part("claim-left") ? body.said : body.told);
  if (part("claim-left")) part("claim-left").textContent = gettext("no longer");
  isMine = false;
  offer(body);
  say(said);
}

function say(said) {
  if (part("claim-told").textContent === said) return;
  part("claim-told").textContent = said;
  part("claim-told").hidden = said === "";
  part("claim-told").scrollIntoView({ block: "nearest" });
}

/** The buttons for what can be done about the claim now. */
function offer({ may_claim = false, may_pass = false }) {
  for (const [id, isOffered] of [["take", may_claim], ["let-go", false], ["pass", may_pass]]) {
    if (part(id)) part(id).form.hidden = !isOffered;
  }
}

function tell() {
  const minutes = Math.ceil((ends - performance.now()) / 60000);
  if (!isMine || minutes <= 0) return;
  part("claim-left").textContent = gettext("%(count)s min left, renewed while you work here", { count: minutes });
}

async function renew() {
  if (!isMine || !isAlive) return;
  isAlive = false;
  take(await post(part("claim").dataset.renew, {}));
}

/** However many changes there are in the queue, once in a moment. */
function askSoon() {
  asking ??= setTimeout(async () => {
    asking = null;
    take(await get(part("claim").dataset.ask));
  }, 300);
}

if ("ask" in (part("claim")?.dataset ?? {})) {
  begin();
  for (const name of SIGNS_OF_LIFE) document.addEventListener(name, () => (isAlive = true), { passive: true, capture: true });
  setInterval(renew, Number(part("claim").dataset.every) * 1000);
  setInterval(() => (isMine && performance.now() > ends ? askSoon() : tell()), 10000);
  listen({ changed: askSoon, live: (isLive) => isLive && askSoon() });
  document.addEventListener("lantern:stayed", begin);
}
