// Saves the draft: one request at a time, in order, each on top of the revision before it. Never touches what was typed.

import { backOff, paramsOf, post } from "./server.js";

const PAUSE = 800; // ms after the last key
const MOST_PASTED = 8; // pieces told of with one save
const KEEPALIVE_LIMIT = 60000; // browsers refuse more than 64 KiB in requests that outlive the page

/**
 * Tells its `state` through "state" events: saved, waiting, saving, unreachable, signed-out, refused, conflict; and every
 * answer of the server through "saved" events.
 */
export class Saver extends EventTarget {
  #textarea;
  #url;
  #queue = [];
  #latest; // the text of the newest save that was queued
  #unanswered = new Set(); // texts that were sent without hearing back: the server may have them
  #running = null;
  #timer = 0;
  #retry = 0;
  #misses = 0;
  #pasted = []; // what came in whole since the last save that was queued

  constructor(textarea, { url, base, unsaved }) {
    super();
    this.#textarea = textarea;
    this.#url = url;
    this.#latest = unsaved ? null : textarea.defaultValue;
    this.base = base;
    this.savedAt = null;
    this.state = "saved";
    this.detail = {};
    if (this.unsaved) this.typed();
  }

  get unsaved() {
    return this.#queue.length > 0 || this.#textarea.value !== this.#latest;
  }

  typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), PAUSE);
    if (this.state === "saved") this.#tell("waiting");
    if (this.state === "refused") this.#tell("waiting"); // what was refused may be mended now
  }

  /** So that the record of whose words a draft is made of can tell it from what was typed. */
  pasted(text) {
    if (text?.trim()) this.#pasted = [...this.#pasted, text].slice(-MOST_PASTED);
  }

  /** Save what is unsaved. Resolves when the server has everything, or nothing more can be done for now. */
  async flush({ leaving = false } = {}) {
    this.noteTyped();
    if (leaving) this.#leave();
    else await this.#run();
    return !this.unsaved;
  }

  /** Put what was typed in the queue, so that a decision that follows is a revision of its own. */
  noteTyped() {
    clearTimeout(this.#timer);
    const text = this.#textarea.value;
    if (text === this.#latest) return;
    const tail = this.#queue.at(-1);
    if (tail && !tail.verdict && !tail.sent) Object.assign(tail, { text, pasted: [...tail.pasted, ...this.#pasted].slice(-MOST_PASTED) });
    else this.#queue.push({ url: this.#url, text, origin: "typed", pasted: this.#pasted });
    this.#pasted = [];
    this.#latest = text;
  }

  /** Save the text as it is after a decision about one change. */
  decide(url, verdict, onAnswer = () => {}) {
    const text = this.#textarea.value;
    this.#queue.push({ url, text, verdict, onAnswer }); // verdict: its fields
    this.#latest = text;
    return this.#run();
  }

  retry() {
    clearTimeout(this.#retry);
    if (this.state === "conflict") return Promise.resolve();
    this.#tell("waiting");
    return this.flush();
  }

  /** Go on with the words on the page, on top of the other revision. */
  async keepMine() {
    this.base = this.detail.revision;
    this.#takeBack(this.#queue);
    this.#queue = [];
    this.#latest = null;
    this.#tell("waiting");
    await this.flush();
  }

  // Inside

  #run() {
    this.#running ??= this.#drain().finally(() => {
      this.#running = null;
      if (this.state === "saved" && this.unsaved) this.typed();
    });
    return this.#running;
  }

  async #drain() {
    while (this.#queue.length && this.state !== "conflict") {
      const entry = this.#queue[0];
      entry.sent = true;
      this.#tell("saving");
      const answer = await this.#send(entry);
      entry.sent = false;
      if (!this.#settle(entry, answer)) return;
    }
    if (this.state === "waiting" && !this.unsaved) this.#tell("saved"); // typed, and taken back again
  }

  #send({ url, text, origin, pasted, verdict }) {
    const fields = verdict ? { ...verdict, text, base: this.base } : { text, base: this.base, origin, pasted, change: "" };
    const size = paramsOf(fields).toString().length;
    return post(url, fields, { keepalive: size < KEEPALIVE_LIMIT });
  }

  /** Whether to go on with the next entry. */
  #settle(entry, { outcome, status, body }) {
    if (outcome === "ok") return this.#accept(entry, body);
    if (outcome === "signed-out") return this.#stop("signed-out");
    if (outcome === "unreachable" || status === 429) return this.#tryLater(entry);
    if (status === 409 && "revision" in body && "text" in body) return this.#meetOther(body);
    this.#queue.shift();
    entry.onAnswer?.(null, body);
    if (entry.verdict) return true; // the words are still saved by the next typed entry
    this.#takeBack([entry]);
    this.#latest = null;
    return this.#stop("refused", body);
  }

  #accept(entry, body) {
    this.#queue = this.#queue.slice(this.#queue.indexOf(entry) + 1);
    this.#misses = 0;
    this.#unanswered.clear();
    this.base = body.revision;
    this.savedAt = Date.now();
    this.dispatchEvent(new CustomEvent("saved", { detail: body }));
    entry.onAnswer?.(body, null);
    this.#tell(this.#queue.length ? "saving" : "saved");
    return true;
  }

  /** Somebody else's newer revision, unless it is our own, of a request whose answer was lost. */
  #meetOther(body) {
    if (this.#unanswered.delete(body.text)) {
      this.base = body.revision;
      return true;
    }
    return this.#stop("conflict", body);
  }

  /** What was pasted with these comes along with the next save instead. */
  #takeBack(entries) {
    this.#pasted = [...entries.flatMap(({ pasted }) => pasted ?? []), ...this.#pasted].slice(-MOST_PASTED);
  }

  #tryLater(entry) {
    this.#unanswered.add(entry.text);
    this.#misses += 1;
    this.#retry = setTimeout(() => this.#run(), backOff(this.#misses, { cap: 30000 }));
    return this.#stop("unreachable");
  }

  #stop(state, detail = {}) {
    this.#tell(state, detail);
    return false;
  }

  /**
   * The page may be gone in a moment: send the newest words now, whatever is before them in the queue. Should an earlier
   * request arrive first, the server keeps these as a branch.
   */
  async #leave() {
    const last = this.#queue.at(-1);
    if (!last || last.sent || this.state === "conflict") return;
    last.sent = true;
    const { outcome, body } = await this.#send(last);
    last.sent = false;
    if (outcome === "ok" && this.#queue.includes(last)) this.#accept(last, body);
  }

  #tell(state, detail = {}) {
    this.state = state;
    this.detail = detail;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, ...detail } }));
  }
}
