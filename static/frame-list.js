/**
 * A list of frames of which only the rows in sight are in the document, however many there are.
 *
 * It keeps its end in sight while it grows, unless the reader has gone elsewhere in it. To the keyboard it is one
 * listbox: arrows, Page, Home and End choose a frame.
 */

import { cursorOf } from "./cursor.js";
import { element } from "./element.js";
import { parsed } from "./frame-record.js";

const ROW = 1.75; // rem, as in inspector.css
const SPARE = 6; // rows beyond either edge
const NEAR_END = 4; // pixels
const LONGEST_GIST = 400;
const LONGEST_PARSED = 20_000;

export class FrameList {
  #frames = [];
  #rows = new Map();
  #chosen = null;
  #follows = true;
  #onChoose;
  #all = element("div", { class: "frames-all", role: "presentation" });

  /** `onChoose(frame)` when one is chosen. */
  constructor(onChoose) {
    this.#onChoose = onChoose;
    this.node = element("div", { class: "frames", role: "listbox", tabindex: "0", "aria-label": "Frames" }, this.#all);
    this.node.addEventListener("scroll", () => {
      this.#follows = this.#isAtEnd;
      this.#draw();
    });
    this.node.addEventListener("keydown", (event) => this.#onKey(event));
    this.#all.addEventListener("click", ({ target }) => {
      const row = target.closest(".frame");
      if (row) this.#choose(this.#frames.find(({ number }) => String(number) === row.dataset.number));
    });
    new ResizeObserver(() => this.#settle()).observe(this.node);
  }

  show(frames) {
    this.#frames = frames;
    this.#settle();
  }

  /** Choose none, and be at the end again. */
  reset() {
    this.#chosen = null;
    this.#follows = true;
    this.#rows.clear();
    this.#all.replaceChildren();
  }

  #settle() {
    this.#all.style.height = `${this.#frames.length * this.#height}px`;
    if (this.#follows) this.node.scrollTop = this.node.scrollHeight;
    this.#draw();
  }

  get #height() {
    return ROW * parseFloat(getComputedStyle(document.documentElement).fontSize);
  }

  get #isAtEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.node;
    return scrollHeight - clientHeight - scrollTop < NEAR_END;
  }

  #draw() {
    const height = this.#height;
    const { scrollTop, clientHeight } = this.node;
    // A list that became shorter can still be scrolled to where it has nothing, until the browser says so.
    const top = Math.max(0, Math.min(scrollTop, this.#frames.length * height - clientHeight));
    const first = Math.max(0, Math.floor(top / height) - SPARE);
    const inSight = this.#frames.slice(first, first + Math.ceil(clientHeight / height) + 2 * SPARE);
    const numbers = new Set(inSight.map(({ number }) => number));
    for (const [number, row] of this.#rows) {
      if (numbers.has(number)) continue;
      row.remove();
      this.#rows.delete(number);
    }
    inSight.forEach((frame, index) => {
      const row = this.#rowOf(frame, first + index, height);
      // In the order of the frames, in which a page is read out.
      if (this.#all.children[index] !== row) this.#all.insertBefore(row, this.#all.children[index] ?? null);
    });
    const active = this.#rows.get(this.#chosen?.number);
    if (active) this.node.setAttribute("aria-activedescendant", active.id);
    else this.node.removeAttribute("aria-activedescendant");
  }

  #rowOf(frame, index, height) {
    let row = this.#rows.get(frame.number);
    if (!row) {
      row = newRow(frame);
      this.#rows.set(frame.number, row);
    }
    row.style.top = `${index * height}px`;
    row.setAttribute("aria-posinset", index + 1);
    row.setAttribute("aria-setsize", this.#frames.length);
    row.setAttribute("aria-selected", String(frame === this.#chosen));
    return row;
  }

  #onKey(event) {
    const at = this.#frames.indexOf(this.#chosen);
    const last = this.#frames.length - 1;
    const page = Math.max(1, Math.floor(this.node.clientHeight / this.#height) - 1);
    const to = {
      ArrowDown: at < 0 ? last : at + 1,
      ArrowUp: at < 0 ? last : at - 1,
      PageDown: at < 0 ? last : at + page,
      PageUp: at < 0 ? last : at - page,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.#choose(this.#frames[Math.min(last, Math.max(0, to))]);
  }

  #choose(frame) {
    const at = this.#frames.indexOf(frame);
    if (at < 0) return;
    this.#chosen = frame;
    this.#onChoose(frame);
    const height = this.#height;
    const { scrollTop, clientHeight } = this.node;
    if (at * height < scrollTop) this.node.scrollTop = at * height;
    else if ((at + 1) * height > scrollTop + clientHeight) this.node.scrollTop = (at + 1) * height - clientHeight;
    this.#follows = at === this.#frames.length - 1;
    this.#draw();
  }
}

function newRow({ number, id, event, data, at }) {
  return element(
    "div",
    { class: "frame", role: "option", id: `frame-${number}`, "data-number": number, "data-event": event },
    element("span", { class: "frame-at" }, secondsOf(at)),
    element("span", { class: "frame-id" }, cursorOf(id)),
    element("span", { class: "frame-name" }, event),
    element("span", { class: "frame-data" }, gistOf(data)),
  );
}

/** What tells a frame from its neighbours, first its text; the rest stands in its full view. */
function gistOf(data) {
  const value = data.length < LONGEST_PARSED ? parsed(data) : null;
  if (typeof value?.t !== "number") return data.slice(0, LONGEST_GIST);
  const { t, message_id: message, step, text, ...rest } = value;
  return JSON.stringify({ ...(text !== undefined && { text }), ...rest }).slice(0, LONGEST_GIST);
}

export function secondsOf(at) {
  return (Math.max(0, at) / 1_000).toFixed(3);
}
