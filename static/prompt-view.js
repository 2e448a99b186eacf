/** What was asked, on the page; it can be edited there and asked again, and one goes to what was asked in its place. */

import { DecisionForm } from "./decision-form.js";
import { element, setText } from "./element.js";

export class PromptView {
  #prompt;
  #text;
  #edit = element("button", { type: "button", class: "action edit", hidden: true }, "Edit");
  #place = element("span", { class: "place-among" });
  #back;
  #on;
  #branches;
  #form = null;
  #onEdit;

  /** `onEdit(prompt)` for another one, `onSibling(step)` to the one before, -1, or after, 1. */
  constructor(text, { onEdit = null, onSibling = null } = {}) {
    this.#text = text;
    this.#onEdit = onEdit;
    this.#prompt = element("p", { class: "prompt" }, text);
    this.#edit.addEventListener("click", () => this.#open());
    this.#back = arrow("‹", "The version before", () => onSibling(-1));
    this.#on = arrow("›", "The next version", () => onSibling(1));
    const group = { class: "branches", role: "group", "aria-label": "Versions", hidden: true };
    this.#branches = element("div", group, this.#back, this.#place, this.#on);
    this.node = element("div", { class: "asked" }, this.#prompt, element("div", { class: "ways" }, this.#branches, this.#edit));
  }

  /** Once the run is over another prompt can take this one's place. */
  set isOver(isOver) {
    this.#edit.hidden = !isOver || this.#onEdit === null || this.#form !== null;
  }

  /** Which version it is, from 0 on, and of how many. */
  set place({ index, count }) {
    this.#branches.hidden = count < 2 || index < 0;
    setText(this.#place, `${index + 1} / ${count}`);
    this.#back.disabled = index <= 0;
    this.#on.disabled = index >= count - 1;
  }

  /** To the way on in a direction; where it ends, to the way back. */
  focusBranches(step) {
    const [first, second] = step < 0 ? [this.#back, this.#on] : [this.#on, this.#back];
    (first.disabled ? second : first).focus();
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

function arrow(sign, label, onClick) {
  const button = element("button", { type: "button", class: "action arrow", "aria-label": label, title: label }, sign);
  button.addEventListener("click", onClick);
  return button;
}

function promptOf(text) {
  return text.trim() ? { decision: text } : { complaint: "Write what to ask." };
}
