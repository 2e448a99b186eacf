/** A message's text on the page: Markdown, or JSON as it is written; inner text is folded away, superseded text struck out. */

import { element, setText } from "./element.js";
import { GrowingMarkdown } from "./growing-markdown.js";

const PREVIEW = 90;

export class TextPart {
  #text;
  #preview = null;

  constructor({ channel, text }) {
    const attributes = { class: "text", "data-channel": channel };
    const isData = channel === "inner" && /^\s*[[{]/.test(text);
    this.#text = isData ? new PlainText(attributes) : new GrowingMarkdown(attributes);
    this.node = channel === "answer" ? this.#text.node : this.#folded();
  }

  draw({ text, complete, covered, superseded, figures }) {
    this.#text.show(text, complete);
    this.#text.node.source = text;
    this.node.hidden = covered || !text.trim();
    if (figures) this.node.dataset.figures = figures.join(" · ");
    if (superseded) this.#strike();
    if (this.#preview) setText(this.#preview, text.trim().slice(0, PREVIEW));
  }

  /** Still to be read, and told as deleted to who cannot see it. */
  #strike() {
    const { node } = this.#text;
    if (node.parentNode?.localName === "del") return;
    const struck = element("del", { class: "superseded" });
    node.replaceWith(struck);
    struck.append(node);
  }

  #folded() {
    this.#preview = element("span", { class: "preview", "aria-hidden": "true" });
    return element("details", { class: "inner" }, element("summary", {}, "Inner text ", this.#preview), this.#text.node);
  }
}

/** Text that only grows, in one text node. */
class PlainText {
  #shown = 0;
  #text = document.createTextNode("");

  constructor(attributes) {
    this.node = element("div", { ...attributes, class: `${attributes.class} data` }, this.#text);
  }

  show(text) {
    this.#text.appendData(text.slice(this.#shown));
    this.#shown = text.length;
  }
}
