/**
 * A drawer at the page's side; where there is no room beside the page it is a sheet over it, and the rest is inert.
 *
 * Focus goes into it, and back to where it came from. Esc closes it.
 */

const BESIDE = matchMedia("(min-width: 64rem)");

export class Drawer {
  #node;
  #toggle;
  #onOpen;
  #from = null;
  #covered = [];
  #mark;

  /**
   * `toggle`: the button that opens and closes it; `onOpen(isOpen, isMeant)` when it is opened or closed, `isMeant` where
   * somebody here did it. While it is open the body has the class `mark`.
   */
  constructor(node, toggle, onOpen, mark) {
    this.#mark = mark;
    this.#node = node;
    this.#toggle = toggle;
    this.#onOpen = onOpen;
    toggle.setAttribute("aria-controls", node.id);
    toggle.addEventListener("click", () => (this.isOpen ? this.close() : this.open()));
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      event.stopPropagation(); // what it stops elsewhere is the run
      this.close();
    });
    document.addEventListener("pointerdown", ({ target }) => this.#isSheet && !node.contains(target) && this.close());
    BESIDE.addEventListener("change", () => this.#lay());
    this.#lay();
  }

  get isOpen() {
    return !this.#node.hidden;
  }

  /** The focus goes into it, if that is meant. */
  open({ isMeant = true } = {}) {
    if (this.isOpen) return this.#focus();
    this.#from = document.activeElement;
    this.#node.hidden = false;
    this.#lay();
    if (isMeant) this.#focus();
    this.#onOpen(true, isMeant);
  }

  close({ isMeant = true } = {}) {
    if (!this.isOpen) return;
    const isFree = isMeant && document.activeElement === document.body;
    const had = this.#node.contains(document.activeElement) || isFree;
    this.#node.hidden = true;
    this.#lay();
    // What it was opened from may be gone, or hidden, by now.
    if (had) (this.#from?.isConnected && this.#from.checkVisibility?.() ? this.#from : this.#toggle).focus();
    this.#onOpen(false, isMeant);
  }

  #focus() {
    this.#node.querySelector("[data-first]").focus();
  }

  get #isSheet() {
    return this.isOpen && !BESIDE.matches;
  }

  #lay() {
    const isSheet = this.#isSheet;
    this.#toggle.setAttribute("aria-expanded", String(this.isOpen));
    document.body.classList.toggle(this.#mark, this.isOpen);
    for (const [name, value] of [["role", "dialog"], ["aria-modal", "true"]]) {
      if (isSheet) this.#node.setAttribute(name, value);
      else this.#node.removeAttribute(name);
    }
    this.#cover(isSheet);
  }

  #cover(isCovered) {
    for (const node of this.#covered) node.inert = false;
    const others = [...document.body.children].filter((node) => node !== this.#node && !node.inert && node.localName !== "dialog");
    this.#covered = isCovered ? others : [];
    for (const node of this.#covered) node.inert = true;
  }
}
