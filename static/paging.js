/** Asks for the next page of a list as its end comes near: one page at a time, and none after the last. */

const NEAR = "300px";

export class Paging {
  #end;
  #ask;
  #observer;
  #isAsking = false;

  /** `end` stands below the list, in what scrolls. `ask()` gives whether there are more pages after the one it brought. */
  constructor({ root, end, ask }) {
    this.#end = end;
    this.#ask = ask;
    const options = { root, rootMargin: NEAR };
    this.#observer = new IntersectionObserver((entries) => entries.at(-1).isIntersecting && this.#next(), options);
  }

  /** There are more pages. */
  begin() {
    this.stop();
    this.#observer.observe(this.#end); // tells at once where its end is near already
  }

  stop() {
    this.#observer.disconnect();
  }

  async #next() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.stop();
    const more = await this.#ask().catch(() => false);
    this.#isAsking = false;
    if (more) this.begin();
  }
}
