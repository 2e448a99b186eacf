/** What is chosen for the next prompt: chain, model and parameters, as a request has them. */

export class Choice {
  #chains;
  #models;
  #parameters;

  constructor({ chains, models, parameters }) {
    this.#chains = chains;
    this.#models = models;
    this.#parameters = parameters;
  }

  /** Null where the service's first is meant. */
  get chainName() {
    return this.#chains.chain;
  }

  /** What the service told of a chain; undefined where it told nothing. */
  chainNamed(name) {
    return this.#chains.named(name);
  }

  askedOf(chain) {
    const model = this.#models.modelFor(chain);
    return { ...(model && { model }), ...this.#parameters.askedOf(chain) };
  }

  get chosen() {
    return { chain: this.chainName, model: this.#models.chosen, parameters: this.#parameters.chosen };
  }
}
