/**
 * A list as one stop of the Tab key: arrows, Home and End go from row to row, and the Tab key on to the row's own buttons.
 *
 * A row is an `<li>` whose first link or button is what it is for.
 */

const USABLE = "a[href], button";
const STEPS = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };

export class Roving {
  #list;

  constructor(list) {
    this.#list = list;
    list.addEventListener("focusin", ({ target }) => this.#choose(target.closest("li")));
    list.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** After other rows are there: the one that had the stop keeps it, or `preferred` has it, or the first. */
  refresh(preferred = null) {
    const held = this.#rows.find((row) => row.contains(document.activeElement));
    this.#choose(held ?? preferred ?? this.#rows.find((row) => row.dataset.stop) ?? this.#rows[0]);
  }

  /** The focus to a row, as far as there is one. */
  focus(index) {
    this.#rows.at(Math.min(index, this.#rows.length - 1))?.querySelector(USABLE)?.focus();
  }

  get #rows() {
    return [...this.#list.children];
  }

  #choose(chosen) {
    for (const row of this.#rows) {
      if (row === chosen) row.dataset.stop = "here";
      else delete row.dataset.stop;
      for (const node of row.querySelectorAll(USABLE)) node.tabIndex = row === chosen ? 0 : -1;
    }
  }

  #onKey(event) {
    const { key, target } = event;
    if (!Object.hasOwn(STEPS, key) || target.closest("input, form")) return;
    event.preventDefault();
    const rows = this.#rows;
    const to = rows.indexOf(target.closest("li")) + STEPS[key];
    this.focus(Math.max(0, Math.min(rows.length - 1, to)));
  }
}
