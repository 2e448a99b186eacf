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

  /** `toggle`: the button that opens and closes it; `onOpen(isOpen)` when it is opened or closed. */
  constructor(node, toggle, onOpen) {
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
    BESIDE.addEventListener("change", () => this.#lay());
    this.#lay();
  }

  get isOpen() {
    return !this.#node.hidden;
  }

  open() {
    if (this.isOpen) return this.#focus();
    this.#from = document.activeElement;
    this.#node.hidden = false;
    this.#lay();
    this.#focus();
    this.#onOpen(true);
  }

  close() {
    if (!this.isOpen) return;
    const had = this.#node.contains(document.activeElement) || document.activeElement === document.body;
    this.#node.hidden = true;
    this.#lay();
    // What it was opened from may be gone, or hidden, by now.
    if (had) (this.#from?.isConnected && this.#from.checkVisibility?.() ? this.#from : this.#toggle).focus();
    this.#onOpen(false);
  }

  #focus() {
    this.#node.querySelector("[data-first]").focus();
  }

  #lay() {
    const isSheet = this.isOpen && !BESIDE.matches;
    this.#toggle.setAttribute("aria-expanded", String(this.isOpen));
    document.body.classList.toggle("inspecting", this.isOpen);
    for (const [name, value] of [["role", "dialog"], ["aria-modal", "true"]]) {
      if (isSheet) this.#node.setAttribute(name, value);
      else this.#node.removeAttribute(name);
    }
    this.#cover(isSheet);
  }

  #cover(isCovered) {
    for (const node of this.#covered) node.inert = false;
    const others = [...document.body.children].filter((node) => node !== this.#node && !node.inert);
    this.#covered = isCovered ? others : [];
    for (const node of this.#covered) node.inert = true;
  }
}
