/** A run's start: one request under one key, asked until it is answered, so that a lost answer begins no second run. */

import { Refusal } from "./refusal.js";
import { startRun } from "./run-requests.js";

export class RunStart {
  /** Whether the answer to a request was lost, so that nobody here can say if the run began. */
  mayHaveBegun = false;
  #request;
  #key;
  #asking = null;

  constructor(request, key) {
    this.#request = request;
    this.#key = key;
  }

  get isAsking() {
    return this.#asking !== null;
  }

  /** Gives the run's id, or null where `cancel` came first. Raises Refusal, or what fetch raises. */
  async ask() {
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const runId = await startRun(this.#request, this.#key, asking.signal);
      return this.#asking === asking ? runId : null;
    } catch (error) {
      if (!(error instanceof Refusal)) this.mayHaveBegun = true;
      if (this.#asking !== asking) return null;
      throw error;
    } finally {
      if (this.#asking === asking) this.#asking = null;
    }
  }

  /** Wait for the answer no more. */
  cancel() {
    const asking = this.#asking;
    this.#asking = null;
    asking?.abort();
  }
}
