/** The threads that there are, the one that was used last first, page by page as one scrolls. */

import { element, setText } from "./element.js";
import { Paging } from "./paging.js";
import { wordsOf } from "./refusal-words.js";
import { Roving } from "./roving.js";
import { ThreadRow } from "./thread-row.js";
import { deleteThread, renameThread, threadsAfter } from "./thread-requests.js";

const LONGEST_TITLE = 80; // as the service makes one

export class ThreadList {
  #rows = new Map();
  #current = null;
  #next = null;
  #on;
  #list = element("ul", { class: "threads", "aria-label": "Conversations" });
  #note = element("p", { class: "list-note", role: "status" });
  #again = element("button", { type: "button", class: "small", hidden: true }, "Try again");
  #end = element("div", { class: "list-end" });
  #roving = new Roving(this.#list);
  #paging;

  /** `root` is what scrolls. Tells `on`: `open(threadId)`, and `gone(threadId)` when one was deleted here. */
  constructor(root, on) {
    this.#on = on;
    this.#paging = new Paging({ root, end: this.#end, ask: () => this.#more() });
    this.#again.addEventListener("click", () => this.load());
    this.node = element("div", { class: "thread-list" }, this.#list, this.#note, this.#again, this.#end);
  }

  /** The first page anew; what is further down stays. */
  async load() {
    this.#again.hidden = true;
    try {
      const { items, next } = await threadsAfter();
      const kept = next ? [...this.#rows.values()].slice(items.length).map(({ thread }) => thread) : [];
      const older = kept.filter((thread) => thread.updated_at < items.at(-1).updated_at);
      if (!older.length) this.#next = next;
      this.#draw([...items, ...older]);
      if (this.#next) this.#paging.begin();
      this.#tell(items.length ? "" : "What you ask will be kept here.");
    } catch (error) {
      this.#again.hidden = false;
      this.#tell(`The conversations cannot be listed. ${wordsOf(error)}`);
    }
  }

  /** The thread that is open, or null. */
  set current(threadId) {
    this.#current = threadId;
    for (const [id, row] of this.#rows) row.isCurrent = id === threadId;
    this.#roving.refresh(this.#rows.get(threadId)?.node);
  }

  /** What is asked in a thread brings it to the top; a new one is called as the service will call it. */
  touch({ threadId, prompt }) {
    const words = prompt.split(/\s+/).filter(Boolean).join(" ");
    const title = words.length > LONGEST_TITLE ? `${words.slice(0, LONGEST_TITLE - 1)}…` : words;
    const known = this.#rows.get(threadId)?.thread ?? { thread_id: threadId, title };
    const others = [...this.#rows.values()].map(({ thread }) => thread).filter(({ thread_id: id }) => id !== threadId);
    this.#draw([{ ...known, updated_at: new Date().toISOString() }, ...others]);
    this.#tell("");
  }

  titleOf(threadId) {
    return this.#rows.get(threadId)?.thread.title ?? "";
  }

  async #more() {
    try {
      const { items, next } = await threadsAfter(this.#next);
      this.#next = next;
      this.#draw([...[...this.#rows.values()].map(({ thread }) => thread), ...items]);
    } catch (error) {
      this.#again.hidden = false;
      this.#tell(wordsOf(error));
      throw error;
    }
    return this.#next !== null;
  }

  /** Rows stay the nodes that they are, so that what is done in one goes on. */
  #draw(threads) {
    const rows = new Map();
    for (const thread of threads) {
      const id = thread.thread_id;
      const row = rows.get(id) ?? this.#rows.get(id);
      if (row) row.thread = thread;
      rows.set(id, row ?? new ThreadRow(thread, this.#doings));
    }
    this.#rows = rows;
    this.#place([...rows.values()].map(({ node }) => node));
    this.current = this.#current;
  }

  /** What is in its place is not touched, or it would lose its focus. */
  #place(nodes) {
    for (const node of [...this.#list.children]) if (!nodes.includes(node)) node.remove();
    nodes.forEach((node, at) => {
      const there = this.#list.children[at];
      if (there !== node) this.#list.insertBefore(node, there ?? null);
    });
  }

  get #doings() {
    return {
      open: (threadId) => this.#on.open(threadId),
      rename: (threadId, title) => this.#try(() => renameThread(threadId, title), "renamed"),
      remove: (threadId) => this.#remove(threadId),
    };
  }

  async #remove(threadId) {
    const at = [...this.#rows.keys()].indexOf(threadId);
    const isGone = await this.#try(() => deleteThread(threadId), "deleted");
    if (!isGone) return;
    this.#rows.get(threadId)?.node.remove();
    this.#rows.delete(threadId);
    this.#roving.refresh();
    this.#roving.focus(at);
    this.#on.gone(threadId);
  }

  /** Whether it was done; one that is gone already is not there to be done with. */
  async #try(act, what) {
    try {
      const thread = await act();
      if (thread) this.#rows.get(thread.thread_id).thread = thread;
      this.#on.renamed(thread);
      this.#tell("");
    } catch (error) {
      if (error.status === 404) return true;
      this.#tell(`It was not ${what}. ${wordsOf(error)}`);
      return false;
    }
    return true;
  }

  #tell(note) {
    setText(this.#note, note);
  }
}
