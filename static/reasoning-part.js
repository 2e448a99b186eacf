/** What a model thought before it answered, folded away; the summary tells that it goes on, and how long it took. */

import { element, setText } from "./element.js";
import { duration } from "./figures.js";
import { GrowingMarkdown } from "./growing-markdown.js";

export class ReasoningPart {
  #text = new GrowingMarkdown({ class: "text", "data-channel": "reasoning" });
  #summary = element("summary");

  constructor() {
    this.node = element("details", { class: "reasoning" }, this.#summary, this.#text.node);
  }

  draw({ text, complete, superseded, since, until }) {
    this.#text.show(text, complete);
    this.node.classList.toggle("superseded", superseded === true);
    this.node.dataset.state = complete ? "complete" : "running";
    setText(this.#summary, complete ? `Thought for ${duration(until - since)}` : "Thinking…");
    this.node.hidden = !text.trim();
  }
}
