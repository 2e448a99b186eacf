/** Keeps the end of the conversation in sight, above the composer, until the reader scrolls away; a button leads back. */

const NEAR = 64;
const MARGIN = 16;

export class EndInSight {
  #log;
  #composer;
  #button;
  #follows = true;

  /** `onBack` when the button, which goes then, has led back. */
  constructor({ log, composer, button, onBack }) {
    this.#log = log;
    this.#composer = composer;
    this.#button = button;
    button.addEventListener("click", () => {
      onBack();
      this.show();
    });
    addEventListener("scroll", () => this.#look(), { passive: true });
    // Whoever unfolds something reads there.
    log.addEventListener("click", ({ target }) => (this.#follows &&= !target.closest("summary")));
    const grown = new ResizeObserver(() => this.#grown());
    grown.observe(log);
    grown.observe(composer);
  }

  show() {
    const hidden = this.#overhang + MARGIN;
    if (hidden > 0) scrollBy(0, hidden);
    this.#look();
  }

  #grown() {
    if (this.#follows) this.show();
    else this.#drawButton();
  }

  #look() {
    this.#follows = this.#overhang < NEAR;
    this.#drawButton();
  }

  #drawButton() {
    this.#button.hidden = this.#overhang < NEAR;
  }

  /** How far the conversation reaches below the composer's upper edge. */
  get #overhang() {
    return this.#log.getBoundingClientRect().bottom - this.#composer.getBoundingClientRect().top;
  }
}
