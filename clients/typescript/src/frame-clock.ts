/** Once for each frame that is drawn, however often it is asked. */

export class FrameClock {
  #isDue = false;
  #then: () => void;

  constructor(then: () => void) {
    this.#then = then;
  }

  /** Soon; in a page that is hidden, which draws none, by a timer. */
  soon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    const tick = (): void => {
      if (this.#isDue) this.now();
    };
    if (isDrawn()) requestAnimationFrame(tick);
    else setTimeout(tick, 16);
  }

  /** Whatever was due, and nothing more. */
  now(): void {
    this.#isDue = false;
    this.#then();
  }

  stop(): void {
    this.#isDue = false;
  }
}

function isDrawn(): boolean {
  return typeof requestAnimationFrame === "function" && typeof document !== "undefined" && !document.hidden;
}
