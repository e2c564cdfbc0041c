// Puts the pieces of a stream together, whatever is lost, doubled, late or sent again. Knows no page and no network.
//
// The server numbers the pieces of each attempt from 1 without gaps. So: take the next number, ignore what is already
// here, and when a number is missing ask again from the last one that is here. A new attempt starts from nothing; two
// attempts are never mixed.

const OVER = new Set(["done", "held", "failed", "cancelled", "missing"]);
const WITHOUT_TEXT = new Set(["held", "failed", "missing"]); // the server shows no pieces of these

export class Reassembly {
  constructor(job, attempt = 0) {
    this.job = job;
    this.attempt = attempt;
    this.lastSeq = 0;
    this.text = "";
    this.status = "queued";
    this.reason = "";
    this.ahead = null; // people before this one while it waits, and about how many seconds; null when not known
    this.seconds = null;
    this.end = null; // last_seq of the state that ended the job
    this.over = false;
  }

  /**
   * Take one frame of the server.
   *
   * Actions, in order: "clear" (the text starts anew), "append" (`piece` was added), "state" (status, reason or place
   * changed), "resubscribe" (something is missing: ask again from lastSeq), "over" (status and text are final).
   */
  apply(frame) {
    const actions = [];
    const piece = this.#isMine(frame) ? this.#take(frame, actions) : "";
    return { text: this.text, piece, actions };
  }

  #isMine(frame) {
    return frame?.v === 1 && frame.job === this.job && !this.over;
  }

  #take(frame, actions) {
    if (frame.t === "state" && frame.status === "missing") {
      this.#changeState(frame, actions);
      return "";
    }
    if (!Number.isInteger(frame.attempt) || frame.attempt < this.attempt) return "";
    if (frame.attempt > this.attempt) this.#startAnew(frame.attempt, actions);
    if (frame.t === "chunk") return this.#takeChunk(frame, actions);
    if (frame.t === "state") this.#changeState(frame, actions);
    return "";
  }

  #startAnew(attempt, actions) {
    this.attempt = attempt;
    this.lastSeq = 0;
    this.text = "";
    this.end = null;
    actions.push("clear");
  }

  #takeChunk({ seq, text }, actions) {
    if (!Number.isInteger(seq) || typeof text !== "string" || seq <= this.lastSeq) return "";
    if (seq > this.lastSeq + 1) {
      actions.push("resubscribe");
      return "";
    }
    this.lastSeq = seq;
    this.text += text;
    actions.push("append");
    this.#endIfComplete(actions);
    return text;
  }

  #changeState({ status, reason, last_seq: lastSeq, ahead, seconds }, actions) {
    if (this.end !== null && !OVER.has(status)) return; // an old state that came late
    this.status = status;
    this.reason = reason ?? "";
    this.ahead = ahead ?? null;
    this.seconds = seconds ?? null;
    actions.push("state");
    if (!OVER.has(status)) return;
    this.end = WITHOUT_TEXT.has(status) ? 0 : (lastSeq ?? 0);
    if (!this.#endIfComplete(actions)) actions.push("resubscribe");
  }

  #endIfComplete(actions) {
    if (this.end === null || this.lastSeq < this.end) return false;
    this.over = true;
    actions.push("over");
    return true;
  }
}

/** The frames that an answer of the HTTP twin stands for. */
export function framesOf(answer) {
  const base = { v: answer.v, job: answer.job, attempt: answer.attempt };
  const chunks = answer.chunks.map((chunk) => ({ ...base, t: "chunk", seq: chunk.seq, text: chunk.text }));
  const { status, reason, last_seq, ahead, seconds } = answer;
  return [...chunks, { ...base, t: "state", status, reason, last_seq, ahead, seconds }];
}
