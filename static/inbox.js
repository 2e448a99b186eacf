/**
 * What comes in is taken in at once, but for no more than some milliseconds in each frame of the page.
 *
 * An EventSource tells all that the network has brought in one go: after a cut or a reload these may be thousands of
 * events, and the page would stand still while they are taken in. What is over waits for the next frames, in its order.
 * A page out of sight has no frames, and there nothing waits.
 */

const BUDGET = 5; // milliseconds; to draw what was taken in takes some three times as long

export class Inbox {
  #take;
  #waiting = [];
  #next = 0; // the first of #waiting that is not taken yet
  #spent = 0; // milliseconds since the last frame
  #frame = 0;
  #onVisibility = () => this.#takeIn();

  /** `take(item)` is called for each, in order. */
  constructor(take) {
    this.#take = take;
    document.addEventListener("visibilitychange", this.#onVisibility);
  }

  add(item) {
    this.#waiting.push(item);
    this.#takeIn();
  }

  /** Forget what waits. */
  close() {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    this.#waiting = [];
    this.#next = 0;
  }

  #takeIn() {
    const began = performance.now() - this.#spent;
    try {
      while (this.#next < this.#waiting.length && (document.hidden || performance.now() - began < BUDGET)) {
        this.#take(this.#waiting[this.#next++]);
      }
    } finally {
      this.#spent = performance.now() - began;
      if (this.#next === this.#waiting.length) this.#waiting.length = this.#next = 0;
      this.#frame ||= requestAnimationFrame(() => this.#onFrame());
    }
  }

  #onFrame() {
    this.#frame = this.#spent = 0;
    if (this.#waiting.length) this.#takeIn();
  }
}
