/**
 * Keeps the end of the conversation in sight, above the composer, until the reader scrolls away; a button leads back.
 * Or a part of it that is aimed at, while what stands above is still being read.
 */

const NEAR = 64;
const MARGIN = 16;
const BY_READERS = ["wheel", "touchmove", "pointerdown", "keydown"];

export class EndInSight {
  #log;
  #composer;
  #button;
  #follows = true;
  #aim = null;

  /** `onBack` when the button, which goes then, has led back. */
  constructor({ log, composer, button, onBack }) {
    this.#log = log;
    this.#composer = composer;
    this.#button = button;
    button.addEventListener("click", () => {
      onBack();
      this.show();
    });
    for (const name of BY_READERS) addEventListener(name, () => (this.#aim = null), { passive: true });
    addEventListener("scroll", () => this.#look(), { passive: true });
    // Whoever unfolds something reads there.
    log.addEventListener("click", ({ target }) => (this.#follows &&= !target.closest("summary")));
    const grown = new ResizeObserver(() => this.#grown());
    grown.observe(log);
    grown.observe(composer);
  }

  show() {
    this.#aim = null;
    const hidden = this.#overhang + MARGIN;
    if (hidden > 0) scrollBy(0, hidden);
    this.#look();
  }

  aimAt(node) {
    this.#aim = node;
    this.#grown();
  }

  #grown() {
    if (this.#aim) return this.#aim.scrollIntoView({ block: "start" });
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
