/** Where the page is: its address to a conversation that is shown, and what is said where there is none any more. */

import { Address, linkTo } from "./address.js";
import { element } from "./element.js";
import { wordsOf } from "./refusal-words.js";
import { Thread } from "./thread.js";
import { exchangeOf, threadOf } from "./thread-requests.js";

const GONE = "This conversation is gone: it was deleted, or its link is not whole.";

export class Visits {
  #conversation;
  #notice;
  #onShow;
  #onAim;
  #visit = 0;
  #address = new Address((place) => this.show(place));

  /**
   * `notice` is where it is said; `onShow(thread)` when another conversation is shown, null for one yet to begin, and
   * `onAim(node)` at a turn of it.
   */
  constructor({ conversation, notice, onShow, onAim }) {
    this.#conversation = conversation;
    this.#notice = notice;
    this.#onShow = onShow;
    this.#onAim = onAim;
  }

  get place() {
    return this.#address.place;
  }

  linkTo(place) {
    return linkTo(place);
  }

  /** Somebody chose another conversation. */
  async go(place) {
    this.#address.go(place);
    await this.show(place);
  }

  /** The conversation that is shown is here now. */
  moved(place) {
    this.#visit++;
    this.#say();
    this.#address.become(place);
  }

  /** Nothing is asked yet. */
  begin() {
    this.#address.go({});
    this.#visit++;
    this.#say();
    this.#onShow(null);
  }

  /** What an address leads to; `unfinished` is what a reload brought of its last turn. */
  async show(place, unfinished = null) {
    const visit = ++this.#visit;
    this.#say();
    if (!place.thread && !place.run) return this.#leave();
    try {
      const { title, thread } = await found(place, unfinished);
      if (visit !== this.#visit) return;
      this.#conversation.open(thread, thread.find(place.run)?.run_id ?? null, unfinished);
      this.#onShow({ threadId: thread.id, title });
      if (thread.id && !place.thread) this.#address.become({ thread: thread.id, run: place.run });
      this.#aimAt(place.run);
    } catch (error) {
      if (visit === this.#visit) this.#fail(place, error);
    }
  }

  #leave() {
    this.#conversation.leave();
    this.#onShow(null);
  }

  #aimAt(runId) {
    const { node } = (runId && this.#conversation.turnOf(runId)) || {};
    if (!node) return;
    node.classList.add("aimed");
    node.addEventListener("animationend", () => node.classList.remove("aimed"), { once: true });
    this.#onAim(node);
  }

  #fail(place, error) {
    this.#leave();
    if (error.status === 404) return this.#say(GONE);
    const again = element("button", { type: "button", class: "small" }, "Try again");
    again.addEventListener("click", () => this.show(place));
    this.#say(`The conversation cannot be opened. ${wordsOf(error)}`, again);
  }

  #say(...said) {
    this.#notice.replaceChildren(...said);
  }
}

/** A run alone is shown in its thread; one that has none is alone. */
async function found({ thread: threadId, run: runId }, unfinished) {
  if (threadId) return threadFound(threadId, unfinished);
  const exchange = await exchangeOf(runId);
  if (exchange.thread_id) return threadFound(exchange.thread_id, unfinished);
  const { id, prompt, response, status, chain, created_at } = exchange;
  const run = { run_id: id, parent_run_id: null, status, chain, input: prompt, response, created_at };
  return { title: prompt, thread: new Thread(null, [run]) };
}

async function threadFound(threadId, unfinished) {
  try {
    const { title, runs } = await threadOf(threadId);
    return { title, thread: new Thread(threadId, runs) };
  } catch (error) {
    // Of a thread whose first start was not answered, or was refused, only this page knows.
    if (error.status !== 404 || unfinished?.request.thread_id !== threadId) throw error;
    return { title: unfinished.prompt, thread: new Thread(threadId) };
  }
}
