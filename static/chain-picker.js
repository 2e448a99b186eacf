/** The choice of a chain: what each is for, and prompts to begin with. */

import { element } from "./element.js";

export class ChainPicker {
  #select;
  #about;
  #examples;
  #models;
  #onExample;
  #chains = [];

  /** `models`: the ModelPicker beside it; `onExample(prompt)` when an example is chosen. */
  constructor({ select, about, examples, models, onExample }) {
    this.#select = select;
    this.#about = about;
    this.#examples = examples;
    this.#models = models;
    this.#onExample = onExample;
    select.addEventListener("change", () => this.#draw());
  }

  /** Ask the service for its chains. Without any the page still works: the service then takes its first. */
  async load() {
    try {
      const response = await fetch("chains");
      if (!response.ok) throw new Error(`the service answered ${response.status}`);
      const { items, models = [] } = await response.json();
      this.#chains = items;
      this.#models.offer(models);
    } catch (error) {
      this.#about.textContent = `The chains could not be loaded (${error.message}).`;
      return;
    }
    this.#select.replaceChildren(...this.#chains.map(option));
    this.#select.hidden = !this.#chains.length;
    this.#draw();
  }

  /** The chosen chain's name, or null. */
  get chain() {
    return this.#select.value || null;
  }

  #draw() {
    const chain = this.#chains.find(({ name }) => name === this.chain);
    this.#models.follow(chain);
    this.#about.textContent = chain?.description ?? "";
    this.#examples.replaceChildren(...(chain?.examples ?? []).map((prompt) => this.#button(prompt)));
  }

  #button(prompt) {
    const button = element("button", { type: "button", class: "example" }, prompt);
    button.addEventListener("click", () => this.#onExample(prompt));
    return button;
  }
}

function option({ name, default: isDefault }) {
  return element("option", { value: name, selected: isDefault }, name);
}
