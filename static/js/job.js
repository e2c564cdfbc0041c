// Asks for a suggestion and follows its stream: over a WebSocket, or by asking once a second when that does not get through.

import { Reassembly, framesOf } from "./reassembly.js";
import { backOff, get, post } from "./server.js";

const SILENCE = 40000; // the server says something at least every 15 s
const POLL = 1000;
const LATE_END = 5000; // how long to ask for the last pieces of a job that is already over
const SIGN_IN = 4401;
const FORBIDDEN = 4403;
const TOO_MANY = 4429;
const RESTART = 1012;

/**
 * Ask for help. The same intent keeps its key while the network is tried again, so a lost answer never makes two jobs.
 *
 * @returns {Promise<import("./server.js").Answer>}
 */
export async function requestSuggestion(url, fields, { onWaiting = () => {} } = {}) {
  const intent = { ...fields, client_key: newKey() };
  for (let attempt = 0; ; attempt += 1) {
    const answer = await post(url, intent);
    if (answer.outcome !== "unreachable" || attempt === 6) return answer;
    onWaiting();
    await new Promise((resolve) => setTimeout(resolve, backOff(attempt)));
  }
}

/** crypto.randomUUID exists only on https and localhost; a site on a local network may be neither. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * One job until it is over. `handlers`: onClear(), onPiece(piece, text), onState(reassembly), onOver(reassembly),
 * onSignedOut(), onWaiting().
 */
export class JobStream {
  #job;
  #handlers;
  #pieces;
  #socket = null;
  #failures = 0;
  #silence = 0;
  #next = 0;
  #lateEnd = 0;
  #closed = false;

  constructor(job, handlers) {
    this.#job = job;
    this.#handlers = handlers;
    this.#pieces = new Reassembly(job.job, 0);
  }

  start() {
    this.#connect();
    addEventListener("online", this.#again);
  }

  close() {
    this.#closed = true;
    removeEventListener("online", this.#again);
    for (const timer of [this.#silence, this.#next, this.#lateEnd]) clearTimeout(timer);
    this.#socket?.close();
    this.#socket = null;
  }

  /** Over HTTP, so that it works whichever way the pieces come. */
  async stop() {
    const answer = await post(this.#job.cancel_url, {});
    if (answer.outcome === "signed-out") this.#handlers.onSignedOut();
    return answer;
  }

  #again = () => {
    if (this.#socket || this.#closed) return;
    clearTimeout(this.#next);
    this.#connect();
  };

  // The socket

  #connect() {
    if (this.#closed) return;
    if (this.#failures >= 2) {
      this.#poll();
      return;
    }
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws/jobs`);
    this.#socket = socket;
    this.#listenForSilence();
    socket.onopen = () => this.#subscribe();
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#reconnect(event.code);
  }

  #subscribe() {
    const { attempt, lastSeq } = this.#pieces;
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ v: 1, t: "subscribe", job: this.#job.job, attempt, last_seq: lastSeq }));
  }

  #hear(data) {
    this.#failures = 0;
    this.#listenForSilence();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return; // not ours
    }
    if (this.#apply(frame)) this.#subscribe();
  }

  #listenForSilence() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#socket?.close(), SILENCE);
  }

  #reconnect(code) {
    clearTimeout(this.#silence);
    this.#socket = null;
    if (this.#closed) return;
    if (code === SIGN_IN || code === FORBIDDEN) {
      this.#handlers.onSignedOut();
      this.#next = setTimeout(() => this.#connect(), 10000); // perhaps they sign in again in another tab
      return;
    }
    const attempt = this.#failures;
    if (code !== RESTART) this.#failures += 1;
    const wait = code === RESTART ? 100 + Math.random() * 300 : backOff(code === TOO_MANY ? attempt + 4 : attempt);
    this.#next = setTimeout(() => this.#connect(), wait);
  }

  // The HTTP twin

  async #poll(misses = 0) {
    const { attempt, lastSeq } = this.#pieces;
    const answer = await get(`${this.#job.stream_url}?after=${lastSeq}&attempt=${attempt}`);
    if (this.#closed) return;
    if (answer.outcome === "signed-out") this.#handlers.onSignedOut();
    if (answer.outcome === "refused" && answer.status === 404) {
      this.#apply({ v: 1, t: "state", job: this.#job.job, attempt, status: "missing" });
      return;
    }
    if (answer.outcome === "ok") for (const frame of framesOf(answer.body)) this.#apply(frame);
    if (answer.outcome === "unreachable") this.#handlers.onWaiting();
    if (this.#closed) return;
    const missed = answer.outcome === "ok" ? 0 : misses + 1;
    this.#next = setTimeout(() => this.#poll(missed), missed ? backOff(missed, { first: POLL }) : POLL);
  }

  // Both

  /** Whether something is missing and has to be asked for again. */
  #apply(frame) {
    if (this.#closed) return false;
    const { text, piece, actions } = this.#pieces.apply(frame);
    for (const action of actions) {
      if (action === "clear") this.#handlers.onClear();
      if (action === "append") this.#handlers.onPiece(piece, text);
      if (action === "state") this.#handlers.onState(this.#pieces);
      if (action === "over") this.#finish();
    }
    if (this.#pieces.end !== null && !this.#closed && !this.#lateEnd) {
      this.#lateEnd = setTimeout(() => this.#finish(), LATE_END);
    }
    return actions.includes("resubscribe");
  }

  #finish() {
    if (this.#closed) return;
    this.close();
    this.#handlers.onOver(this.#pieces);
  }
}
