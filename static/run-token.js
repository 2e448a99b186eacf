/** A run's token: what an EventSource shows in the key's place, since it can set no header. It reads this run alone. */

import { keptKey } from "./key.js";
import { asked } from "./requests.js";

export class RunToken {
  #runId;
  #token = null;
  #expires = 0;

  constructor(runId) {
    this.#runId = runId;
  }

  /** Null where no key is in use. Raises Refusal, or what fetch raises. */
  async get() {
    if (keptKey() === null) return null;
    if (this.#token === null || Date.now() >= this.#expires) {
      const { token, expires_at: expires } = await asked(`runs/${this.#runId}/token`, { method: "POST" });
      this.#token = token;
      this.#expires = Date.parse(expires);
    }
    return this.#token;
  }

  /** It may have been refused: the next one is another. */
  drop() {
    this.#token = null;
  }
}
