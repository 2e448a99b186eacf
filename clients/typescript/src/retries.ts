/** When to connect again, and when to give up: pauses that double, until something new comes. */

import type { PatienceOptions } from "./options.js";

const RETRIES = 8;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;

export class Retries {
  #left: number;
  #failures = 0;
  #firstDelay: number;
  #options: PatienceOptions;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#left = this.#retries;
    this.#firstDelay = options.firstDelay ?? FIRST_DELAY;
  }

  /** Something new came: the next break is the first again. */
  progressed(): void {
    this.#failures = 0;
    this.#left = this.#retries;
  }

  /** What the service says by `retry:`. */
  readonly advise = (delay: number): void => {
    this.#firstDelay = delay;
  };

  /** Milliseconds to wait before the next connection, and at least so many; null where it is time to give up. */
  next(cause: unknown, atLeast = 0): number | null {
    if (this.#left <= 0 || atLeast > this.#longest) return null;
    this.#left--;
    const doubled = Math.min(this.#longest, this.#firstDelay * 2 ** this.#failures++);
    const delay = Math.max(doubled * (0.75 + Math.random() / 2), atLeast); // so that not all come back at once
    this.#options.onReconnect?.(cause, delay);
    return delay;
  }

  get #retries(): number {
    return this.#options.retries ?? RETRIES;
  }

  get #longest(): number {
    return this.#options.longestDelay ?? LONGEST_DELAY;
  }
}

/** Wait, unless the signal ends it: then what it was aborted with is thrown. */
export function pause(delay: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, delay);
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end, { once: true });
  });
}
