/** The events of runs that are over, read one run after the other: a browser has few connections to a host. */

import { refusalOf } from "./refusal.js";
import { request } from "./requests.js";

export class StoredRuns {
  #last = Promise.resolve();
  #leaving = new AbortController();

  /** All events of a run, `{id, event, data}` each, after those asked for before. Raises Refusal, or what fetch raises. */
  read(runId) {
    const { signal } = this.#leaving;
    const reading = this.#last.then(() => eventsOf(runId, signal));
    this.#last = reading.catch(() => {});
    return reading;
  }

  /** What is still to be read is wanted no more. */
  leave() {
    this.#leaving.abort();
    this.#leaving = new AbortController();
    this.#last = Promise.resolve();
  }
}

async function eventsOf(runId, signal) {
  const response = await request(`runs/${runId}/events?format=ndjson`, { signal });
  if (!response.ok) throw await refusalOf(response);
  const lines = (await response.text()).split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}
