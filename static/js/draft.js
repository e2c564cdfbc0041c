// The writing page: autosave, asking for help, following it, deciding.

import { Aloud } from "./aloud.js";
import { Changes } from "./changes.js";
import { watchHints } from "./hints.js";
import { JobStream, requestSuggestion } from "./job.js";
import { LocalCopy } from "./local.js";
import { Saver } from "./saver.js";
import { getFragment } from "./server.js";
import { SoFar } from "./so-far.js";
import { waitingWords } from "./waiting.js";
import { gettext, ngettext } from "./words.js";

const $ = (id) => document.getElementById(id);

const page = {
  form: $("reply-form"),
  text: $("reply-text"),
  saveState: $("save-state"),
  whose: $("whose-words"),
  shareOwn: $("share-own"),
  sharePasted: $("share-pasted"),
  tooMuch: $("too-much"),
  usedUnread: $("used-unread"),
  unsendable: $("unsendable"),
  send: $("send"),
  jobState: $("job-state"),
  stop: $("stop"),
  live: $("live"),
  liveText: $("live-text"),
  bones: $("bones"),
  announcer: $("announcer"),
  suggestion: $("suggestion"),
  ask: $("ask"),
  askHint: $("ask-hint"),
  askRefused: $("ask-refused"),
  improve: $("improve"),
  reason: $("reason"),
  meters: $("meters"),
};
const banners = { unreachable: $("offline"), "signed-out": $("signed-out"), refused: $("refused"), conflict: $("conflict") };

// Saving

const saver = new Saver(page.text, {
  url: page.form.dataset.saveUrl,
  base: Number(page.form.elements.base.value),
  unsaved: "unsaved" in page.form.dataset,
});
const checked = document.getElementById("checked");
let leaving = false;
let byScript = false;

function watchTyping() {
  page.text.addEventListener("lantern:editing", (event) => (byScript = event.detail));
  page.text.addEventListener("input", () => byScript || saver.typed());
  page.text.addEventListener("input", () => checked.replaceChildren()); // it spoke of other words
  page.text.addEventListener("input", () => found.hidden && local.keep(page.text.value)); // never over what is still offered
  page.text.addEventListener("input", showAnother);
  page.text.addEventListener("paste", (event) => saver.pasted(event.clipboardData?.getData("text/plain")));
  page.text.addEventListener("drop", (event) => saver.pasted(event.dataTransfer?.getData("text/plain")));
  page.text.addEventListener("blur", () => byScript || saver.flush());
  document.addEventListener("visibilitychange", () => document.hidden && saver.flush());
  document.addEventListener("lantern:leave", leave);
  addEventListener("pagehide", () => saver.flush({ leaving: true }));
  addEventListener("online", () => saver.retry());
  addEventListener("focus", () => saver.state === "signed-out" && saver.retry());
  addEventListener("beforeunload", (event) => {
    if (!leaving && saver.unsaved && saver.state in banners) event.preventDefault();
  });
}

// A button that htmx answers found nobody signed in.
document.addEventListener("lantern:signed-out", (event) => {
  event.preventDefault(); // stay: what is typed here may not be saved
  showBanner({ state: "signed-out" });
});

function leave() {
  leaving = true;
  saver.flush({ leaving: true });
}

saver.addEventListener("state", ({ detail }) => {
  if (detail.state in banners) showBanner(detail);
  if (detail.state === "saved" || (detail.state === "waiting" && !banners.refused.hidden)) hideBanners();
  if (detail.state === "saved" && !saver.unsaved && found.hidden) local.drop();
  tellSaved();
});

saver.addEventListener("saved", ({ detail }) => {
  page.form.elements.base.value = detail.revision;
  showWhose(detail.whose);
  page.usedUnread.hidden = !detail.used_unread;
  page.unsendable.textContent = detail.unsendable;
  page.unsendable.hidden = !detail.unsendable;
  if (page.improve) setMayAsk(detail.may_ask);
  showMeters(detail.meters);
  showAnother(); // a change that is used on a phone is no input
  showSentences();
});

/** Those to lock are those that stand there now, unless somebody is choosing among them. */
function showSentences() {
  const locks = $("locks");
  if (locks?.open && !locks.contains(document.activeElement)) $("sentences").dispatchEvent(new Event("typed"));
}

function showWhose({ words, own, own_and_pasted: ownAndPasted, too_much: tooMuch }) {
  if (words) page.whose.textContent = words;
  page.shareOwn.setAttribute("width", `${own}%`);
  page.sharePasted.setAttribute("width", `${ownAndPasted}%`);
  page.tooMuch.textContent = tooMuch;
  page.tooMuch.hidden = !tooMuch;
}

function showMeters(meters) {
  page.meters.hidden = meters.length === 0;
  page.meters.querySelector("dl").replaceChildren(...meters.map(meterRow));
}

function meterRow({ label, value, stands_out: standsOut }) {
  const row = document.createElement("div");
  row.className = standsOut ? "stands-out" : "";
  for (const [name, words] of [["dt", label], ["dd", value]]) row.append(Object.assign(document.createElement(name), { textContent: words }));
  return row;
}

function showBanner({ state, message, text }) {
  for (const [name, banner] of Object.entries(banners)) banner.hidden = name !== state;
  const place = banners[state].querySelector("[data-message]");
  if (place) place.textContent = message ?? "";
  if (state === "conflict") banners.conflict.querySelector("[data-other]").textContent = text;
}

function hideBanners() {
  for (const banner of Object.values(banners)) banner.hidden = true;
}

function tellSaved() {
  const words = {
    saved: savedWords,
    waiting: () => gettext("Not saved yet"),
    saving: () => gettext("Saving"),
    unreachable: () => gettext("Not saved: no connection"),
    "signed-out": () => gettext("Not saved: signed out"),
    refused: () => gettext("Not saved"),
    conflict: () => gettext("Not saved: changed elsewhere"),
  };
  page.saveState.textContent = words[saver.state]();
}

const savedBefore = page.saveState.textContent; // of what the page came with

function savedWords() {
  if (!saver.savedAt) return savedBefore;
  const seconds = Math.round((Date.now() - saver.savedAt) / 1000);
  const when = seconds < 3 ? gettext("just now") : seconds < 60 ? gettext("%(count)s s ago", { count: seconds }) : gettext("%(count)s min ago", { count: Math.floor(seconds / 60) });
  return gettext("Saved %(when)s · revision %(number)s", { when, number: saver.base });
}

setInterval(() => saver.state === "saved" && tellSaved(), 1000);

banners["signed-out"].querySelector("[data-retry]").addEventListener("click", () => saver.retry());
banners.conflict.querySelector("[data-keep-mine]").addEventListener("click", async () => {
  banners.conflict.hidden = true;
  page.text.focus();
  await saver.keepMine();
});
banners.conflict.querySelector("[data-take-other]").addEventListener("click", async () => {
  const other = saver.detail.text;
  banners.conflict.hidden = true;
  page.text.focus();
  await saver.keepMine(); // so that these words, too, are a revision that can be found again
  if (saver.state === "conflict") return;
  replaceAll(other);
  await saver.flush();
});

// What a browser that ended too early left on this device

const local = new LocalCopy($("write").dataset.draft);
const found = $("local-copy");

function offerLocalCopy() {
  const copy = local.get();
  if (!copy || copy.text === page.text.value) {
    local.drop();
    return;
  }
  found.querySelector("[data-when]").textContent = new Date(copy.at).toLocaleString();
  found.querySelector("[data-copy]").textContent = copy.text;
  found.hidden = false;
  found.querySelector("[data-put-back]").addEventListener("click", () => takeLocalCopy(copy.text));
  found.querySelector("[data-throw-away]").addEventListener("click", () => takeLocalCopy(null));
}

async function takeLocalCopy(text) {
  found.hidden = true;
  page.text.focus();
  if (text === null) {
    local.drop();
    return;
  }
  await saver.flush(); // so that what is replaced is a revision that can be found again
  replaceAll(text);
  await saver.flush();
}

function replaceAll(text) {
  page.text.select();
  if (!document.execCommand("insertText", false, text)) page.text.setRangeText(text, 0, page.text.value.length);
}

// The form is sent as it stands; what a pause would have saved goes along with it.
// What is being saved must arrive before the reply does: otherwise the reply would stand on a revision that is no longer the
// newest. When saving does not work, its banner says so and nothing is sent.
const sendUrl = page.form.action;
page.form.addEventListener("submit", async (event) => {
  const leaves = event.submitter && "leaves" in event.submitter.dataset;
  if (event.submitter && event.submitter !== page.send && !leaves) return;
  event.preventDefault();
  const isSaved = !leaving && (await saver.flush());
  const isUrgent = leaves && event.submitter.dataset.leaves === "urgent" && ["refused", "conflict"].includes(saver.state);
  if (leaving || !(isSaved || isUrgent)) return; // the second click sends nothing more
  leaving = true;
  page.form.action = leaves ? event.submitter.formAction : sendUrl; // each time: this page may come back from the next
  page.form.elements.base.value = saver.base;
  HTMLFormElement.prototype.submit.call(page.form);
});
addEventListener("pageshow", () => (leaving = false)); // back from the next page

// Asking

let stream = null;
let askedBack = null; // the draft that was answered with a question: asked again as it is, it is revised all the same

function setMayAsk(may) {
  page.improve.setAttribute("aria-disabled", String(!may));
  page.askHint.hidden = may;
}

document.addEventListener("submit", (event) => {
  const mode = event.submitter?.name === "mode" ? event.submitter.value : "";
  if (event.target !== page.form || !mode) return;
  event.preventDefault();
  ask(mode);
});

async function ask(mode) {
  if (stream || page.ask.dataset.busy) return;
  page.ask.dataset.busy = "yes";
  page.askRefused.hidden = true;
  await saver.flush();
  const tooShort = mode === "improve" && page.improve.getAttribute("aria-disabled") === "true";
  if (tooShort) refuse(page.askHint.textContent);
  else if (mode === "generate" && !page.reason.value.trim()) refuse(gettext("Say in a few words why a draft is needed."), page.reason);
  else await send(mode);
  delete page.ask.dataset.busy;
}

async function send(mode) {
  const chosen = new FormData(page.form);
  const wishes = mode === "improve" ? { goals: chosen.getAll("goals"), locked: chosen.getAll("locked") } : {};
  const anyway = page.text.value === askedBack ? { anyway: 1 } : {};
  const fields = { text: page.text.value, base: saver.base, mode, reason: mode === "generate" ? page.reason.value : "", ...wishes, ...anyway };
  const onWaiting = () => (page.jobState.textContent = gettext("No connection; trying again"));
  const { outcome, body } = await requestSuggestion(page.form.dataset.suggestUrl, fields, { onWaiting });
  page.jobState.textContent = "";
  if (outcome === "ok") {
    if (page.reason) page.reason.closest("details").open = false;
    follow(body);
  }
  if (outcome === "signed-out") showBanner({ state: "signed-out" });
  if (body.error === "question_back") askedBack = fields.text;
  if (outcome === "refused" || outcome === "unreachable") refuse(body.message ?? gettext("Lantern cannot be reached. Try again in a moment."));
}

function refuse(message, field = null) {
  page.askRefused.textContent = message;
  page.askRefused.hidden = false;
  field?.focus();
}

// Following

const aloud = new Aloud(page.announcer, { lang: page.liveText.lang });
const say = (words) => aloud.say(words);

function follow(job) {
  if (job.revision > saver.base) saver.base = job.revision;
  setLive(true);
  tellJob({ status: job.status, ahead: job.ahead ?? null, seconds: job.seconds ?? null });
  const soFar = new SoFar($("so-far"), page.liveText, job.so_far_url);
  stream = new JobStream(job, {
    onClear: () => {
      soFar.clear();
      clearLive();
    },
    onPiece: (piece, text) => {
      if (job.hints) return; // the wording is shown when it is asked for
      page.bones.hidden = true;
      page.liveText.textContent = text;
      soFar.refresh();
      aloud.hear(piece);
    },
    onState: tellJob,
    onWaiting: () => (page.jobState.textContent = gettext("No connection; trying again")),
    onSignedOut: () => showBanner({ state: "signed-out" }),
    onOver: (end) => {
      soFar.end();
      return finish(job, end);
    },
  });
  stream.start();
  page.stop.focus({ preventScroll: true });
}

function setLive(on) {
  if (on) clearLive();
  page.live.hidden = !on;
  page.live.setAttribute("aria-busy", String(on));
  page.suggestion.hidden = on;
  page.ask.hidden = on;
  page.stop.hidden = !on;
}

function clearLive() {
  aloud.clear();
  page.liveText.textContent = "";
  page.bones.hidden = false;
}

function tellJob({ status, ahead, seconds }) {
  const words = { queued: gettext("Waiting for the model"), running: gettext("Being written") };
  const waits = status in words && ahead !== null;
  page.jobState.textContent = waits ? gettext("Waiting for the model · %(words)s", { words: waitingWords({ ahead, seconds }) }) : (words[status] ?? "");
}

async function finish(job, { status }) {
  stream = null;
  const hadFocus = document.activeElement === page.stop;
  if (status === "done") aloud.finish();
  if (status === "cancelled") keepWhatCame();
  else await showSuggestion(job.suggestion_url);
  setLive(false);
  tellOutcome(status);
  if (hadFocus) (firstButton(page.suggestion) ?? page.improve)?.focus({ preventScroll: true });
}

/** The first that can be pressed: one in a fold that is closed takes no focus. */
function firstButton(part) {
  return [...part.querySelectorAll("summary, button")].find((button) => button.checkVisibility());
}

/** In the place of the suggestion before: that one spoke of an older draft. */
function keepWhatCame() {
  const came = page.liveText.textContent.trim();
  const note = document.createElement("p");
  note.className = "quiet";
  note.textContent = came ? gettext("You stopped it here. Nothing of it is in your draft.") : gettext("You stopped it. Nothing of it is in your draft.");
  const words = document.createElement("p");
  words.className = "letter small";
  words.lang = "en";
  words.textContent = came;
  page.suggestion.replaceChildren(...(came ? [words, note] : [note]));
}

async function showSuggestion(url) {
  const nodes = await getFragment(url);
  if (!nodes) {
    refuse(gettext("The suggestion could not be loaded. Reload the page to see it."));
    return;
  }
  page.suggestion.replaceChildren(...nodes);
  watchChanges();
  showAnother();
}

/** Another version is one of the words that were asked about; of words that came after them there is none yet. */
function showAnother() {
  const another = page.suggestion.querySelector(".another");
  if (another) another.hidden = another.dataset.of !== page.text.value;
}

function tellOutcome(status) {
  const latest = [...page.suggestion.querySelectorAll("ol.changes")].at(-1); // of several versions
  const count = latest?.querySelectorAll(".change:not([data-kind='keep'], [data-stopped])").length;
  const words = {
    done: count ? ngettext("%(count)s suggested change", "%(count)s suggested changes", count) : "",
    held: gettext("Kept back for a moderator"),
    failed: gettext("No suggestion this time"),
    cancelled: gettext("Stopped"),
    missing: gettext("No longer there"),
  };
  const shownBelow = status === "held" || status === "failed";
  page.jobState.textContent = shownBelow ? "" : words[status];
  if (words[status]) say(words[status]);
}

page.stop.addEventListener("click", async () => {
  page.jobState.textContent = gettext("Stopping");
  const answer = await stream?.stop();
  if (answer?.outcome === "unreachable") page.jobState.textContent = gettext("Could not be stopped: no connection");
});

function watchChanges() {
  const lists = page.suggestion.querySelectorAll("ol.changes");
  for (const list of lists) new Changes(list, { textarea: page.text, saver, say });
  if (lists.length) watchHints(page.suggestion, { say });
}

// Start

const numberOf = (text) => (text ? Number(text) : null);
if (!page.text.readOnly) {
  offerLocalCopy();
  watchTyping();
  watchChanges();
}
const liveJob = $("live-job");
if (liveJob) {
  const { job, attempt, status, ahead, seconds, hints, streamUrl, cancelUrl, suggestionUrl, soFarUrl } = liveJob.dataset;
  const place = { ahead: numberOf(ahead), seconds: numberOf(seconds) };
  const urls = { stream_url: streamUrl, cancel_url: cancelUrl, suggestion_url: suggestionUrl, so_far_url: soFarUrl };
  follow({ job, attempt: Number(attempt), status, hints: hints !== undefined, ...place, ...urls });
}
