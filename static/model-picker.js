/** The choice of a model, for chains that take one. */

import { element } from "./element.js";

const FIXED = "This chain brings its own model, so there is none to choose.";

export class ModelPicker {
  #select;
  #models = [];
  #chosen;

  constructor(select) {
    this.#select = select;
    select.addEventListener("change", () => (this.#chosen = select.value));
  }

  /** These can be chosen; the first is what the service takes by itself. Without any there is no choice. */
  offer(models, chosen) {
    this.#models = models;
    this.#chosen = models.includes(chosen) ? chosen : models[0];
    this.#select.hidden = !models.length;
  }

  /** The chain for which a model is chosen; a choice outlasts a chain that has none. */
  follow(chain) {
    const fixed = Boolean(chain?.model_fixed);
    this.#select.disabled = fixed;
    this.#select.title = fixed ? FIXED : "";
    const names = fixed ? ["the chain's own"] : this.#models;
    this.#select.replaceChildren(...names.map((name) => element("option", { selected: name === this.#chosen }, name)));
  }

  get chosen() {
    return this.#chosen;
  }

  /** The model to ask for, or null where the service's or the chain's own is meant. */
  modelFor(chain) {
    return chain?.model_fixed || this.#chosen === this.#models[0] ? null : this.#chosen;
  }
}
