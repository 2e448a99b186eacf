/** The raw events of a turn: filtered by name and text, held while one reads, copied, and one of them in full. */

import { copyButton } from "./clipboard.js";
import { element, setText } from "./element.js";
import { FrameList, secondsOf } from "./frame-list.js";
import { linesOf, matching, parsed } from "./frame-record.js";
import { inFrames } from "./frames.js";

const LONGEST_SHOWN = 100_000;

export class EventsPanel {
  #record = null;
  #names = new Set();
  #held = null;
  #isOpen = false;
  #drawSoon = inFrames(() => this.#draw());
  #list = new FrameList((frame) => this.#detail.show(frame));
  #detail = new FrameDetail();
  #chips = element("div", { class: "chips", role: "group", "aria-label": "Only events of these names" });
  #text = element("input", { type: "search", placeholder: "Filter", "aria-label": "Filter events by text" });
  #pause = element("button", { type: "button", class: "small", "aria-pressed": "false" }, "Pause");
  #note = element("p", { class: "inspector-note" });

  constructor() {
    this.#text.addEventListener("input", () => this.#drawSoon());
    this.#text.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#text.value) return;
      event.stopPropagation(); // it empties the field, and closes nothing yet
      event.preventDefault();
      this.#text.value = "";
      this.#drawSoon();
    });
    this.#pause.addEventListener("click", () => this.#hold(this.#held === null));
    const copy = copyButton("Copy the events shown as NDJSON", () => linesOf(this.#shown));
    this.node = element(
      "div",
      { class: "events-panel" },
      element("div", { class: "inspector-row" }, this.#text, this.#pause, copy),
      this.#chips,
      this.#list.node,
      this.#note,
      this.#detail.node,
    );
  }

  /** The turn whose frames are shown from now on. */
  set turn(turn) {
    this.#record = turn?.record ?? null;
    this.#names.clear();
    this.#chips.replaceChildren();
    this.#list.reset();
    this.#detail.show(null);
    this.#hold(false);
  }

  /** While it is out of sight nothing is drawn. */
  set isOpen(isOpen) {
    this.#isOpen = isOpen;
    this.#drawSoon();
  }

  /** The turn has another frame. */
  grown() {
    this.#drawSoon();
  }

  get #frames() {
    return this.#held ?? this.#record?.frames ?? [];
  }

  get #shown() {
    return matching(this.#frames, this.#names, this.#text.value);
  }

  #hold(held) {
    this.#held = held ? [...this.#frames] : null;
    this.#pause.setAttribute("aria-pressed", String(held));
    this.#drawSoon();
  }

  #draw() {
    if (!this.#isOpen) return;
    this.#drawChips();
    const shown = this.#shown;
    this.#list.show(shown);
    setText(this.#note, this.#sentence(shown.length));
    const waiting = this.#held ? arrived(this.#record) - (this.#held.at(-1)?.number ?? 0) : 0;
    setText(this.#pause, this.#held ? `Paused, ${waiting} new` : "Pause");
  }

  #sentence(shown) {
    if (!this.#record) return "Nothing has run yet.";
    const { length } = this.#frames;
    const told = [shown === length ? `${length} ${length === 1 ? "frame" : "frames"}` : `${shown} of ${length} frames`];
    if (this.#record.dropped) told.push(`the oldest ${this.#record.dropped} are not kept`);
    return told.join(" · ");
  }

  #drawChips() {
    for (const [name, count] of this.#record?.counts ?? []) {
      const chip = [...this.#chips.children].find(({ dataset }) => dataset.name === name) ?? this.#addChip(name);
      setText(chip.lastChild, String(count));
    }
  }

  #addChip(name) {
    const attributes = { type: "button", class: "chip", "aria-pressed": "false", "data-name": name };
    const chip = element("button", attributes, `${name} `, element("span"));
    chip.addEventListener("click", () => {
      const pressed = !this.#names.delete(name);
      if (pressed) this.#names.add(name);
      chip.setAttribute("aria-pressed", String(pressed));
      this.#drawSoon();
    });
    this.#chips.append(chip);
    return chip;
  }
}

/** One frame in full. */
class FrameDetail {
  #frame = null;
  #title = element("h3");
  #data = element("pre", { class: "raw", tabindex: "0", role: "group", "aria-label": "Data of the frame" });

  constructor() {
    this.node = element(
      "section",
      { class: "frame-detail", "aria-label": "The chosen frame", hidden: true },
      element("header", { class: "inspector-row" }, this.#title, copyButton("Copy the data", () => this.#frame.data)),
      this.#data,
    );
  }

  show(frame) {
    this.#frame = frame;
    this.node.hidden = frame === null;
    if (frame === null) return;
    setText(this.#title, [frame.event, frame.id, `${secondsOf(frame.at)} s`].filter(Boolean).join(" · "));
    setText(this.#data, whole(frame.data));
    this.#data.scrollTop = 0;
  }
}

function arrived({ dropped, frames }) {
  return dropped + frames.length;
}

function whole(data) {
  const value = parsed(data);
  const text = typeof value === "string" ? data : JSON.stringify(value, null, 2);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}\n… cut; “Copy” has all of it` : text;
}
