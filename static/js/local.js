// A copy of what is typed and not saved yet, on this device. It is gone as soon as the server has the words; what is left of a
// browser that ended before that is offered when the draft is opened again, and forgotten after a day.

const PREFIX = "lantern.unsaved.";
const DAY = 24 * 60 * 60 * 1000;

export class LocalCopy {
  #key;

  constructor(draft) {
    this.#key = PREFIX + draft;
    forgetOld();
  }

  keep(text) {
    attempt(() => localStorage.setItem(this.#key, JSON.stringify({ text, at: Date.now() })));
  }

  drop() {
    attempt(() => localStorage.removeItem(this.#key));
  }

  /** @returns {{text: string, at: number}|null} */
  get() {
    return read(this.#key);
  }
}

/** Of all drafts: who signs out leaves nothing behind. */
export function forgetAll() {
  for (const key of keys()) attempt(() => localStorage.removeItem(key));
}

function forgetOld() {
  for (const key of keys()) if (!((read(key)?.at ?? 0) > Date.now() - DAY)) attempt(() => localStorage.removeItem(key));
}

function keys() {
  return attempt(() => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX))) ?? [];
}

function read(key) {
  const copy = attempt(() => JSON.parse(localStorage.getItem(key)));
  return typeof copy?.text === "string" ? copy : null;
}

/** Storage may be full or forbidden; then there is no copy, and the page says as always what is saved. */
function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}
