/** Search over all that was asked and answered: as one types, the runs that were found, and how many. */

import { hrefOf } from "./address.js";
import { element, setText } from "./element.js";
import { Paging } from "./paging.js";
import { wordsOf } from "./refusal-words.js";
import { Roving } from "./roving.js";
import { shortTime } from "./short-time.js";
import { piecesOf } from "./snippet.js";
import { search } from "./thread-requests.js";

const PAUSE = 200;
const MOST_COUNTED = 1_000; // the service counts no further

export class SearchBox {
  #field = element("input", { type: "search", "aria-label": "Search conversations", placeholder: "Search" });
  #count = element("p", { class: "list-note", role: "status", "aria-live": "polite" });
  #list = element("ul", { class: "found", "aria-label": "What was found" });
  #end = element("div", { class: "list-end" });
  #roving = new Roving(this.#list);
  #paging;
  #on;
  #timer = 0;
  #asking = null;
  #query = "";

  /** `root` is what scrolls. Tells `on`: `open(place)`, and `searches(isSearching)`. */
  constructor(root, on) {
    this.#on = on;
    this.#paging = new Paging({ root, end: this.#end, ask: () => this.#more() });
    this.node = element("div", { class: "search", role: "search", "aria-label": "Conversations" }, this.#field);
    this.results = element("div", { class: "results", hidden: true }, this.#count, this.#list, this.#end);
    this.#field.addEventListener("input", () => this.#soon());
    this.#field.addEventListener("keydown", (event) => this.#onKey(event));
  }

  clear() {
    this.#field.value = "";
    this.#ask("");
  }

  #onKey(event) {
    if (event.isComposing) return;
    if (event.key === "Escape" && this.#field.value) {
      event.stopPropagation(); // it closes no drawer, and stops no run
      event.preventDefault();
      this.clear();
    } else if (event.key === "ArrowDown" && this.#list.children.length) {
      event.preventDefault();
      this.#roving.focus(0);
    } else if (event.key === "Enter") this.#ask(this.#field.value.trim());
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(this.#field.value.trim()), this.#field.value ? PAUSE : 0);
  }

  async #ask(query) {
    clearTimeout(this.#timer);
    if (query === this.#query) return;
    this.#query = query;
    this.#asking?.abort();
    this.#paging.stop();
    this.results.hidden = !query;
    this.#on.searches(Boolean(query));
    if (!query) return this.#draw([], "");
    const found = await this.#found(0);
    if (!found) return;
    this.#draw(found.items, countOf(found.total, query));
    if (this.#list.children.length < found.total) this.#paging.begin();
  }

  async #more() {
    const found = await this.#found(this.#list.children.length);
    if (!found) return false;
    this.#list.append(...found.items.map((item) => this.#row(item)));
    this.#roving.refresh();
    return found.items.length > 0 && this.#list.children.length < found.total;
  }

  /** A page of what was found; null where another question has come since, or it cannot be answered. */
  async #found(offset) {
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const found = await search(this.#query, offset, signal);
      return signal.aborted ? null : found;
    } catch (error) {
      if (!signal.aborted) this.#draw([], wordsOf(error));
      return null;
    }
  }

  #draw(items, told) {
    this.#list.replaceChildren(...items.map((item) => this.#row(item)));
    this.#roving.refresh();
    setText(this.#count, told);
  }

  #row({ run_id: run, thread_id: thread, prompt, snippet, created_at: createdAt }) {
    const place = { thread, run };
    const time = element("time", { datetime: createdAt }, shortTime(new Date(createdAt), new Date()));
    const passage = piecesOf(snippet).map(({ text, isFound }) => (isFound ? element("mark", {}, text) : text));
    const link = element(
      "a",
      { href: hrefOf(place) },
      element("span", { class: "title" }, prompt),
      time,
      element("span", { class: "snippet" }, ...passage),
    );
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#on.open(place);
    });
    return element("li", { class: "row" }, link);
  }
}

function countOf(total, query) {
  if (!total) return `Nothing has “${query}”.`;
  if (total >= MOST_COUNTED) return `${MOST_COUNTED.toLocaleString("en")} answers or more`;
  return total === 1 ? "1 answer" : `${total} answers`;
}
