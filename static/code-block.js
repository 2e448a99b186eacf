/** A block of code on the page: its language, a button that copies it, and text that only grows. */

import { copyButton } from "./clipboard.js";
import { element } from "./element.js";

export class CodeBlock {
  #text = document.createTextNode("");
  #tail = document.createTextNode("");

  constructor(language) {
    const code = element("code", {}, this.#text, this.#tail);
    const copy = copyButton("Copy code", () => code.textContent, "copy");
    this.node = element(
      "div",
      { class: "code" },
      element("div", { class: "code-head" }, element("span", {}, language), copy),
      element("pre", { tabindex: "0", role: "group", "aria-label": language ? `Code, ${language}` : "Code" }, code),
    );
  }

  append(text) {
    this.#text.appendData(text);
  }

  /** What stands at the end for now, and may turn out to be no code. */
  set tail(text) {
    if (this.#tail.data !== text) this.#tail.data = text;
  }
}
