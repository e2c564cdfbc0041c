// Alerts on every page of whoever is told of them: a poke over the socket, or fifteen seconds, and the page looks what waits.

import { keepInPlace } from "./in-place.js";
import { backOff, get, getFragment } from "./server.js";
import { gettext } from "./words.js";

const LOOK_EVERY = 15000;
const SIGN_IN = 4401;
const FORBIDDEN = 4403;
const REFUSED = 403;
const SOUND = "lantern.alerts.sound";
const BADGE = "● ";
const MISSED_BEFORE_TOLD = 3; // looks: a line that is away for a moment is nothing to tell
const region = document.getElementById("alerts");
let failures = 0;
let looking = false;
let lookAgain = false;
let timer = 0;
let missed = 0;
let cutOff = false;

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/ws/alerts`);
  socket.onmessage = (event) => hear(event.data);
  socket.onclose = ({ code }) => {
    if (code === FORBIDDEN) look(); // the answer says why
    if (code === SIGN_IN) tellSignedOut();
    if (code === FORBIDDEN || code === SIGN_IN) return;
    setTimeout(connect, backOff(failures));
    failures += 1;
  };
}

function hear(data) {
  failures = 0;
  try {
    if (JSON.parse(data).t === "alerts") look();
  } catch {
    // not ours
  }
}

/** One request at a time; what comes meanwhile is looked for once more afterwards. */
async function look() {
  lookAgain = looking;
  if (looking) return;
  looking = true;
  const nodes = await getFragment(region.dataset.url);
  looking = false;
  if (nodes) show(nodes);
  else await tellDeaf();
  if (lookAgain) look();
}

/** Nobody may sit before a page that no alert reaches any more and take it for a quiet night. */
async function tellDeaf() {
  missed += 1;
  const { outcome, status, body } = await get(region.dataset.url);
  if (outcome === "signed-out") tellSignedOut();
  else if (status === REFUSED) tellCutOff(`${body.message} ${gettext("No alert comes to this page before that.")}`);
  else if (missed >= MISSED_BEFORE_TOLD) tell(gettext("Lantern cannot be reached. No alert comes to this page."));
}

/** It goes on looking: who signs in again in another tab hears of alerts here, too. */
function tellSignedOut() {
  tellCutOff(gettext("You were signed out. No alert comes to this page before you sign in again."));
}

function tellCutOff(words) {
  cutOff = true;
  tell(words);
}

function tell(words) {
  const note = region.querySelector(".deaf") ?? region.insertAdjacentElement("afterbegin", document.createElement("p"));
  note.className = "notice look deaf";
  if (note.textContent !== words) note.textContent = words;
  badge();
}

function show(nodes) {
  missed = 0;
  if (cutOff) connect();
  cutOff = false;
  region.querySelector(".deaf")?.remove();
  badge();
  const before = new Set(told());
  if (stateOf(nodes) === stateOf([...region.childNodes])) return;
  const hadFocus = region.contains(document.activeElement);
  const wasOpen = region.querySelector("details.folded")?.open ?? false;
  keepInPlace(seenBelow(), () => region.replaceChildren(...nodes));
  const folded = region.querySelector("details.folded");
  if (folded) folded.open = wasOpen;
  if (hadFocus) region.querySelector("summary, a, button")?.focus();
  if (told().some((one) => !before.has(one))) ring();
  badge();
}

function stateOf(nodes) {
  return nodes.find((node) => node.dataset?.state !== undefined)?.dataset.state;
}

function shown() {
  return [...region.querySelectorAll("[data-alert]")];
}

/** What somebody reads further down, also where the browser does not see to that. */
function seenBelow() {
  return scrollY > 0 ? document.elementFromPoint(innerWidth / 2, innerHeight / 3) : null;
}

/** Each alert with the last time that this person was told of it: told once more is news, a press of their own is not. */
function told() {
  return shown()
    .map((one) => one.dataset.told)
    .filter(Boolean);
}

function badge() {
  const name = document.title.replaceAll(BADGE, "");
  const wanted = shown().length || region.querySelector(".deaf") ? BADGE + name : name;
  if (document.title !== wanted) document.title = wanted;
}

// Sound, on devices where somebody allowed it. Browsers stay silent until something on the page was touched.

let audio = null;

function isAllowed() {
  try {
    return localStorage.getItem(SOUND) === "on";
  } catch {
    return false;
  }
}

function allow(on) {
  try {
    localStorage.setItem(SOUND, on ? "on" : "off");
  } catch {
    // no storage: then it is silent again on the next page
  }
}

function ring() {
  if (!isAllowed()) return;
  audio ??= new AudioContext();
  audio.resume().then(() => {
    for (const [number, pitch] of [660, 880].entries()) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      const at = audio.currentTime + number * 0.25;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.2, at);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.4);
      tone.connect(volume).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.4);
    }
  });
}

const sound = document.querySelector("#alert-sound");
if (sound) {
  const button = sound.querySelector("button");
  button.setAttribute("aria-pressed", String(isAllowed()));
  button.addEventListener("click", () => {
    allow(!isAllowed());
    button.setAttribute("aria-pressed", String(isAllowed()));
    ring();
  });
  sound.hidden = false;
}

new MutationObserver(badge).observe(document.querySelector("title"), { childList: true }); // the queue counts there, too
document.addEventListener("lantern:look-for-alerts", look);
document.addEventListener("lantern:leave", () => clearInterval(timer));
timer = setInterval(look, LOOK_EVERY);
badge();
connect();
