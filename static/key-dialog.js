/** Where a person gives the key: a dialog over the page, and nothing of the key in the document once it is closed. */

import { element, setText } from "./element.js";

const WHY = "It is kept in this tab until you close the tab or forget the key, and is sent to this service alone.";

export class KeyDialog {
  #check;
  #answer = null;
  #isChecking = false;
  #field = element("input", {
    id: "given-key",
    type: "password",
    autocomplete: "current-password",
    autocapitalize: "off",
    spellcheck: "false",
    required: true,
    autofocus: true,
    "aria-describedby": "key-complaint",
  });
  #complaint = element("p", { id: "key-complaint", class: "complaint", role: "alert" });
  #submit = element("button", { type: "submit", class: "primary" }, "Continue");
  #node;

  /** `check(key)` gives what is wrong with a key as a sentence, empty where the service takes it. */
  constructor(check) {
    this.#check = check;
    const later = element("button", { type: "button", class: "quiet" }, "Not now");
    const form = element(
      "form",
      { novalidate: true },
      element("h2", { id: "key-title" }, "This service asks for a key"),
      element("p", { id: "key-why" }, WHY),
      // Password managers keep a name with what they keep.
      element("input", { type: "text", autocomplete: "username", value: "Chainstream", readonly: true, hidden: true }),
      element("label", { for: "given-key" }, "Key"),
      this.#field,
      this.#complaint,
      element("div", { class: "buttons" }, this.#submit, later),
    );
    this.#node = element(
      "dialog",
      { class: "key-dialog", "aria-labelledby": "key-title", "aria-describedby": "key-why" },
      form,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#give();
    });
    later.addEventListener("click", () => this.#end(null));
    this.#node.addEventListener("close", () => this.#node.open || this.#end(null)); // it is told late
    addEventListener("keydown", (event) => this.#onKey(event), { capture: true });
  }

  /** Gives the key, null where a person gives none; `complaint` is what was wrong with the last one. */
  ask(complaint = "") {
    const { promise, resolve } = Promise.withResolvers();
    this.#answer = resolve;
    document.body.append(this.#node);
    this.#node.showModal();
    this.#complain(complaint);
    return promise;
  }

  /** Esc closes the dialog, and stops no run. */
  #onKey(event) {
    if (event.key === "Escape" && this.#node.open) event.stopPropagation();
  }

  async #give() {
    const key = this.#field.value.trim();
    if (this.#isChecking) return;
    this.#setChecking(true);
    const complaint = key ? await this.#check(key) : "Write the key first.";
    this.#setChecking(false);
    if (!this.#node.open) return;
    if (!complaint) return this.#end(key);
    this.#complain(complaint);
    this.#field.select();
  }

  #setChecking(isChecking) {
    this.#isChecking = isChecking;
    this.#node.setAttribute("aria-busy", String(isChecking));
    if (isChecking) this.#complain("");
    setText(this.#submit, isChecking ? "Checking" : "Continue");
  }

  #complain(complaint) {
    setText(this.#complaint, complaint);
    this.#field.setAttribute("aria-invalid", String(complaint !== ""));
  }

  #end(key) {
    const answer = this.#answer;
    this.#answer = null;
    this.#field.value = "";
    if (this.#node.open) this.#node.close();
    this.#node.remove();
    answer?.(key);
  }
}
