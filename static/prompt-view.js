/** What was asked, on the page; it can be edited there and asked again. */

import { DecisionForm } from "./decision-form.js";
import { element } from "./element.js";

export class PromptView {
  #prompt;
  #text;
  #edit = element("button", { type: "button", class: "action edit", hidden: true }, "Edit");
  #form = null;
  #onEdit;

  constructor(text, { onEdit = null } = {}) {
    this.#text = text;
    this.#onEdit = onEdit;
    this.#prompt = element("p", { class: "prompt" }, text);
    this.#edit.addEventListener("click", () => this.#open());
    this.node = element("div", { class: "asked" }, this.#prompt, this.#edit);
  }

  /** Once the run is over another prompt can take this one's place. */
  set isOver(isOver) {
    this.#edit.hidden = !isOver || this.#onEdit === null || this.#form !== null;
  }

  #open() {
    const asked = { label: "Your prompt", text: this.#text, confirm: "Send", read: promptOf };
    this.#form = new DecisionForm(asked, { onDecision: this.#onEdit, onBack: () => this.#close() });
    this.#prompt.hidden = this.#edit.hidden = true;
    this.node.append(this.#form.node);
    this.#form.focus();
  }

  #close() {
    this.#form.node.remove();
    this.#form = null;
    this.#prompt.hidden = this.#edit.hidden = false;
    this.#edit.focus();
  }
}

function promptOf(text) {
  return text.trim() ? { decision: text } : { complaint: "Write what to ask." };
}
