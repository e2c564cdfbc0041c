// What a key does: it presses the button that is there, or goes to it. Each answers whether there was anything to do.

const CHANGE = "li.change:not([data-kind='keep'], [data-stopped])";
const PLACES = { writing: "#write", queue: "#queue-rows", flag: "#claim", hand_over: ".hand-over" };

export function isHere(place) {
  return place === "everywhere" || document.querySelector(PLACES[place]) !== null;
}

export const ACTS = {
  leave: () => press("a[data-leave]"),
  next_post: () => press("form[action$='/posts/next'] button") || press(".site-nav a[href$='/posts/']"),
  text: () => goTo(document.getElementById("reply-text")),
  improve: () => press("#improve"),
  stop: () => press("#stop"),
  next_change: () => step(changes(), 1),
  previous_change: () => step(changes(), -1),
  use: () => decide("accepted"),
  keep: () => decide("kept"),
  undo,
  why_not: whyNot,
  check: () => press("#check"),
  send: () => goTo(document.getElementById("send")),
  history: () => press(".reply a[href$='/history']"),
  next_flag: () => step(flags(), 1),
  previous_flag: () => step(flags(), -1),
  open_flag: openFlag,
  choose_flag: chooseFlag,
  take_next: () => press("#next button"),
  claim: () => press("#take"),
  pass: () => press("#pass"),
  reason: () => goTo(document.getElementById("decision-reason")),
  approve_next: approveThenNext,
  have: () => press("#have"),
  give_up: () => goTo(document.getElementById("give-up")),
  ending: goToEnding,
  its_flag: () => press("#its-flag"),
};

// Parts of a page

/** Not in a fold that is closed, either. */
function isSeen(element) {
  return element?.checkVisibility() ?? false;
}

function press(selector, root = document) {
  const button = [...root.querySelectorAll(selector)].find(isSeen);
  button?.click();
  return button !== undefined;
}

function goTo(element) {
  if (!isSeen(element)) return false;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest" });
  return true;
}

// A list of things one goes through: from outside it, the first key only goes to the first that is open.

function step(items, way) {
  const at = items.findIndex(holdsFocus);
  const next = at === -1 ? firstOpen(items) : items[Math.min(Math.max(at + way, 0), items.length - 1)];
  return goTo([...(next?.querySelectorAll("a, summary, button") ?? [])].find(isSeen));
}

function holdsFocus(item) {
  return item.contains(document.activeElement);
}

function firstOpen(items) {
  return items.find((item) => !item.dataset.state) ?? items[0];
}

// Changes

const decided = []; // the latest last, so that it can be undone from the next one

document.addEventListener("submit", ({ target, submitter }) => {
  const item = target.closest?.(CHANGE);
  if (item && submitter?.name === "verdict") decided.push(item);
});

function changes() {
  return [...document.querySelectorAll(CHANGE)].filter(isSeen);
}

/** Of the change one is at; nothing is used or refused that one was not at. */
function decide(verdict) {
  const item = changes().find(holdsFocus);
  return item ? pressVerdict(item, verdict) : step(changes(), 1);
}

function undo() {
  const here = changes().find(holdsFocus);
  return [here, ...decided.toReversed()].some((item) => item?.isConnected && pressVerdict(item, "undone"));
}

function pressVerdict(item, verdict) {
  return press(`button[name='verdict'][value='${verdict}']`, item);
}

function whyNot() {
  const item = changes().find(holdsFocus);
  if (!item) return step(changes(), 1);
  const fold = item.querySelector(".not-helpful");
  if (!isSeen(fold)) return false;
  fold.open = true;
  return goTo(fold.querySelector("select"));
}

// The queue

function flags() {
  return [...document.querySelectorAll("#queue-rows li.flag")];
}

function openFlag() {
  const flag = flags().find(holdsFocus);
  return flag ? press("a", flag) : step(flags(), 1);
}

function chooseFlag() {
  const flag = flags().find(holdsFocus);
  return flag ? press("input[name='chosen']", flag) : step(flags(), 1);
}

// A hand-over

function goToEnding() {
  const outcomes = [...document.querySelectorAll(".ending input[name='outcome']")];
  return goTo(outcomes.find((one) => one.checked) ?? outcomes[0]);
}

// A flag

/** Without a reason the browser goes there instead, and says that there is none. */
function approveThenNext() {
  const onward = document.getElementById("onward");
  const button = document.querySelector("#decision :is(button[value='approve'], button[value='close'])");
  if (!isSeen(onward) || !button) return false;
  const tick = () => (onward.checked = true);
  addEventListener("submit", tick, { capture: true }); // not where something is missing: then nothing was sent
  button.click();
  removeEventListener("submit", tick, { capture: true });
  return true;
}
