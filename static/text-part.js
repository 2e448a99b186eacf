/** A message's text on the page: what is new is appended to one text node; inner text is folded away. */

import { element } from "./element.js";

export class TextPart {
  #shown = 0;
  #text = document.createTextNode("");

  constructor({ channel }) {
    const text = element("div", { class: "text", "data-channel": channel }, this.#text);
    this.node = channel === "answer" ? text : folded(text);
  }

  draw({ text }) {
    this.#text.appendData(text.slice(this.#shown));
    this.#shown = text.length;
    this.node.hidden = !text.trim();
  }
}

function folded(text) {
  return element("details", { class: "inner" }, element("summary", {}, "Inner text"), text);
}
