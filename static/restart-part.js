/** Which model failed in mid-answer, and which one answers instead. */

import { element } from "./element.js";

export class RestartPart {
  constructor({ model, nextModel, code }) {
    const said = ["failed (", element("code", {}, code), "): what it wrote is superseded. "];
    const told = element("p", {}, name(model), " ", ...said, name(nextModel), " answers instead.");
    this.node = element("aside", { class: "restart", "aria-label": "The answer began anew" }, told);
  }

  /** It never changes. */
  draw() {}
}

function name(model) {
  return element("strong", {}, model || "the model");
}
