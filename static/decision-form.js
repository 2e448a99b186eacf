/** A decision that needs words: a field with its label, what is wrong with its text, and the buttons. */

import { element, setText } from "./element.js";

export class DecisionForm {
  #read;
  #onDecision;
  #field;
  #complaint = element("p", { class: "complaint", role: "alert", hidden: true });

  /**
   * `read(text)` gives `{decision}` or `{complaint}`. Enter sends and Shift+Enter breaks the line, the other way round
   * where the text is `code`. Without `onBack` there is no way back.
   */
  constructor({ label, text = "", confirm, code = false, read }, { onDecision, onBack }) {
    this.#read = read;
    this.#onDecision = onDecision;
    this.#field = element("textarea", { rows: 1, class: code && "code", spellcheck: code && "false" });
    this.#field.value = text;
    const send = element("button", { class: onBack ? "primary" : "quiet" }, confirm);
    const back = onBack && element("button", { type: "button", class: "quiet" }, "Back");
    this.node = element(
      "form",
      { class: "decision" },
      element("label", {}, element("span", {}, label), this.#field),
      this.#complaint,
      element("div", { class: "buttons" }, send, ...(back ? [back] : [])),
    );
    this.node.addEventListener("submit", (event) => this.#submit(event));
    this.#field.addEventListener("input", () => this.#complain(""));
    this.#field.addEventListener("keydown", (event) => this.#onKey(event, code));
    back?.addEventListener("click", onBack);
    if (onBack) this.node.addEventListener("keydown", (event) => onEscape(event, onBack));
  }

  focus() {
    this.#field.focus();
  }

  #submit(event) {
    event.preventDefault();
    const { decision, complaint = "" } = this.#read(this.#field.value);
    this.#complain(complaint);
    if (decision) this.#onDecision(decision);
    else this.#field.focus();
  }

  #complain(complaint) {
    this.#complaint.hidden = complaint === "";
    setText(this.#complaint, complaint);
    this.#field.setAttribute("aria-invalid", String(complaint !== ""));
  }

  #onKey(event, code) {
    const sends = code ? event.ctrlKey || event.metaKey : !event.shiftKey;
    if (event.key !== "Enter" || !sends || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.node.requestSubmit();
  }
}

/** Esc leaves the form, and does not stop the run. */
function onEscape(event, onBack) {
  if (event.key !== "Escape" || event.isComposing) return;
  event.stopPropagation();
  onBack();
}
