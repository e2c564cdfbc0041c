// The change list while it is written: one request at a time, and one more for what came during it.

import { getFragment } from "./server.js";

export class SoFar {
  #place;
  #text;
  #url;
  #asking = false;
  #again = false;

  /** Until the list can be had, and wherever it cannot, `text` stays. */
  constructor(place, text, url) {
    this.#place = place;
    this.#text = text;
    this.#url = url;
  }

  async refresh() {
    this.#again = this.#asking;
    if (this.#asking) return;
    this.#asking = true;
    const nodes = await getFragment(this.#url);
    this.#asking = false;
    if (!this.#url) return;
    if (nodes?.some((node) => node.nodeType === Node.ELEMENT_NODE)) {
      this.#place.replaceChildren(...nodes);
      this.#text.hidden = true;
    }
    if (this.#again) await this.refresh();
  }

  clear() {
    this.#place.replaceChildren();
    this.#text.hidden = false;
  }

  /** What is still on its way is no longer wanted. */
  end() {
    this.#url = null;
    this.clear();
  }
}
