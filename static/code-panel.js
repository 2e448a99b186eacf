/** A turn's request as curl, JavaScript and Python, each with its copy button. */

import { copyButton } from "./clipboard.js";
import { element } from "./element.js";
import { keptKey } from "./key.js";
import { codesOf } from "./request-code.js";

export class CodePanel {
  #turn = null;
  #isOpen = false;
  node = element("div", { class: "code-panel", role: "group", "aria-label": "Code", tabindex: "0" });

  set turn(turn) {
    this.#turn = turn;
    this.#draw();
  }

  /** While it is out of sight nothing is written. */
  set isOpen(isOpen) {
    this.#isOpen = isOpen;
    this.#draw();
  }

  #draw() {
    if (!this.#isOpen) return;
    const about = this.#turn ? "The request of this turn, started anew and streamed." : "Nothing has run yet.";
    const codes = this.#turn ? codesOf(document.baseURI, this.#turn.request, keptKey() !== null) : [];
    this.node.replaceChildren(element("p", { class: "inspector-note" }, about), ...codes.map(section));
  }
}

function section({ name, code }) {
  const copy = copyButton(`Copy as ${name}`, () => code);
  return element(
    "section",
    { "aria-label": name },
    element("header", { class: "inspector-row" }, element("h3", {}, name), copy),
    element("pre", { class: "raw" }, code),
  );
}
