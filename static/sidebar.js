/** All conversations at the page's side: to search, to open, to begin anew; on a phone a drawer, else as it was left. */

import { Drawer } from "./drawer.js";
import { element } from "./element.js";
import { SearchBox } from "./search-box.js";
import { ThreadList } from "./thread-list.js";

const KEY = "chainstream.sidebar";
const BESIDE = matchMedia("(min-width: 64rem)");
const BOTH = matchMedia("(min-width: 90rem)"); // room for the inspector too

export class Sidebar {
  #drawer;
  #list;
  #search;

  /**
   * `drawer`: an empty `<aside>` with an id; `toggle`: the button that opens and closes it. Tells `on`: `open(place)`,
   * `begins()` for a new conversation, `gone(threadId)` when one was deleted, `renamed()`.
   */
  constructor({ drawer, toggle, on }) {
    const scrolls = element("div", { class: "lists" });
    const open = (place) => {
      this.#giveWay(BESIDE);
      on.open(place);
    };
    this.#list = new ThreadList(scrolls, { ...on, open: (thread) => open({ thread }) });
    const searches = (isSearching) => (this.#list.node.hidden = isSearching);
    this.#search = new SearchBox(scrolls, { open, searches });
    const begin = element("a", { class: "begin", href: "./", "data-first": true }, "New conversation");
    begin.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#giveWay(BESIDE);
      on.begins();
    });
    const close = element("button", { type: "button", class: "small close" }, "Close");
    close.addEventListener("click", () => this.#drawer.close());
    scrolls.append(this.#search.results, this.#list.node);
    drawer.append(element("header", {}, begin, close), this.#search.node, scrolls);
    const opened = (isOpen, isMeant) => isMeant && BESIDE.matches && remember(isOpen);
    this.#drawer = new Drawer(drawer, toggle, opened, "browsing");
    BESIDE.addEventListener("change", () => this.#lay());
    document.addEventListener("visibilitychange", () => document.hidden || this.load());
    this.#lay();
  }

  /** The threads as they are now. */
  load() {
    return this.#list.load();
  }

  set current(threadId) {
    this.#list.current = threadId;
  }

  touch(asked) {
    this.#list.touch(asked);
  }

  titleOf(threadId) {
    return this.#list.titleOf(threadId);
  }

  /** To the inspector, where there is no room for both. */
  makeRoom() {
    this.#giveWay(BOTH);
  }

  #giveWay(room) {
    if (!room.matches) this.#drawer.close({ isMeant: false });
  }

  #lay() {
    if (!BESIDE.matches) this.#drawer.close({ isMeant: false });
    else if (remembered() !== "closed") this.#drawer.open({ isMeant: false });
  }
}

/** A browser may refuse its storage, or have none left: then it is open at each visit. */
function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(isOpen) {
  try {
    localStorage.setItem(KEY, isOpen ? "open" : "closed");
  } catch {
    // as above
  }
}
