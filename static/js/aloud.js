// What a screen reader is told while a suggestion is written. Never the text that grows on the page itself: it would be read anew
// with every piece.

const SENTENCE_ENDS = /[.!?…]["'”’)\]]*\s*$/;

export class Aloud {
  #log;
  #mode;
  #lang;
  #heard = "";

  /** `log`: the live region; its `data-aloud` is "sentences", "finished" or "off". `lang`: of what is written. */
  constructor(log, { lang }) {
    this.#log = log;
    this.#mode = log.dataset.aloud;
    this.#lang = lang;
  }

  /** Clauses are collected until a sentence ends. */
  hear(piece) {
    this.#heard += piece;
    if (this.#mode === "sentences" && SENTENCE_ENDS.test(this.#heard)) this.#read();
  }

  /** Nothing more comes. */
  finish() {
    if (this.#mode !== "off") this.#read();
  }

  clear() {
    this.#heard = "";
    this.#log.replaceChildren();
  }

  /** What the page itself has to say, in whichever way somebody listens. */
  say(words) {
    this.#add(words, document.documentElement.lang);
  }

  #read() {
    const words = this.#heard.trim();
    this.#heard = "";
    if (words) this.#add(words, this.#lang);
  }

  #add(words, lang) {
    this.#log.append(Object.assign(document.createElement("p"), { textContent: words, lang }));
  }
}
