/** One connection to a run's events: an EventSource, and what it brings as the page has time for it. */

import { CONTROL_NAMES, EVENT_NAMES } from "./event-names.js";
import { Inbox } from "./inbox.js";
import { eventsUrl } from "./run-requests.js";

export class RunSource {
  #source = null;
  #inbox;
  #isClosed = false;

  /**
   * The events of a run `after` a cursor, or from its start; `token` is run-token.js's. Tells `hear(event)`, and
   * `failed(error)` where there is no token to be had.
   */
  constructor({ runId, after, token, hear, failed }) {
    this.#inbox = new Inbox(hear);
    token.get().then(
      (shown) => this.#isClosed || this.#open(eventsUrl(runId, after, shown)),
      (error) => this.#isClosed || failed(error),
    );
  }

  /** Whether the browser has given up. */
  get isRefused() {
    return this.#source?.readyState === EventSource.CLOSED;
  }

  close() {
    this.#isClosed = true;
    this.#source?.close();
    this.#inbox.close();
  }

  #open(url) {
    this.#source = new EventSource(url);
    for (const name of ["open", ...EVENT_NAMES, ...CONTROL_NAMES]) {
      this.#source.addEventListener(name, (event) => this.#inbox.add(event));
    }
  }
}
