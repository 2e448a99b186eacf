/** The choice of a chain: what each is for, and prompts to begin with. */

import { element } from "./element.js";

export class ChainPicker {
  #select;
  #about;
  #examples;
  #onChoice;
  #onExample;
  #chains = [];

  /** `onChoice(chain)` as the service told of it; `onExample(prompt)` when an example is chosen. */
  constructor({ select, about, examples, onChoice, onExample }) {
    this.#select = select;
    this.#about = about;
    this.#examples = examples;
    this.#onChoice = onChoice;
    this.#onExample = onExample;
    select.addEventListener("change", () => this.#draw());
  }

  /** These can be chosen; `name` is, where it is among them. */
  offer(chains, name) {
    this.#chains = chains;
    const chosen = this.named(name) ?? chains.find(({ default: isDefault }) => isDefault);
    this.#select.replaceChildren(...chains.map((chain) => option(chain, chain === chosen)));
    this.#select.hidden = !chains.length;
    this.#draw();
  }

  /** Without chains the page still works: the service then takes its first. */
  offerNone(why) {
    this.#about.textContent = `The chains cannot be listed. ${why}`;
  }

  /** The chosen chain's name, or null. */
  get chain() {
    return this.#select.value || null;
  }

  named(name) {
    return this.#chains.find((chain) => chain.name === name);
  }

  #draw() {
    const chain = this.named(this.chain);
    this.#onChoice(chain);
    this.#about.textContent = chain?.description ?? "";
    this.#examples.replaceChildren(...(chain?.examples ?? []).map((prompt) => this.#button(prompt)));
  }

  #button(prompt) {
    const button = element("button", { type: "button", class: "example", title: prompt }, prompt);
    button.addEventListener("click", () => this.#onExample(prompt));
    return button;
  }
}

function option({ name, description }, selected) {
  return element("option", { value: name, selected, title: description }, name);
}
