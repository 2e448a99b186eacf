/**
 * Text that grows without bound in a box that does not: in blocks, so that what is new lays out itself alone, and
 * from the top whole blocks go.
 */

import { element } from "./element.js";

export const MOST_CHARACTERS = 400_000;
const BLOCK = 4_000;

export class RawText {
  #block = null;
  #size = 0;
  dropped = 0;

  constructor(label) {
    this.node = element("pre", { class: "raw", tabindex: "0", role: "group", "aria-label": label });
  }

  get text() {
    return this.node.textContent;
  }

  clear() {
    this.node.replaceChildren();
    this.#block = null;
    this.#size = this.dropped = 0;
  }

  /** Stays at its end where it was there. */
  append(text) {
    const { scrollTop, clientHeight, scrollHeight } = this.node;
    const follows = scrollHeight - clientHeight - scrollTop < 4;
    for (let rest = text; rest; ) rest = this.#put(rest);
    while (this.#size > MOST_CHARACTERS) this.#dropFirst();
    if (follows) this.node.scrollTop = this.node.scrollHeight;
  }

  /** Fills the last block up to the end of a line; returns what is left. */
  #put(text) {
    if (this.#block === null) {
      this.#block = document.createTextNode("");
      this.node.append(element("span", { class: "raw-block" }, this.#block));
    }
    const room = Math.max(0, BLOCK - this.#block.length);
    const lineEnd = text.indexOf("\n", room);
    // A line that does not end is broken at last, between characters.
    const end = lineEnd < 0 ? Math.min(text.length, room + BLOCK) : Math.min(lineEnd + 1, room + BLOCK);
    const taken = text.slice(0, end);
    this.#block.appendData(taken);
    this.#size += taken.length;
    if (this.#block.length >= BLOCK && (taken.endsWith("\n") || this.#block.length >= 2 * BLOCK)) this.#block = null;
    return text.slice(end);
  }

  #dropFirst() {
    const { length } = this.node.firstChild.textContent;
    this.node.firstChild.remove();
    this.#size -= length;
    this.dropped += length;
  }
}
