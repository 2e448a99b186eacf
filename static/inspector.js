/** Seeing inside: for each turn its raw events, its run in any format, and its request as code, in a drawer. */

import { CodePanel } from "./code-panel.js";
import { cursorOf } from "./cursor.js";
import { Drawer } from "./drawer.js";
import { element, setText } from "./element.js";
import { EventsPanel } from "./events-panel.js";
import { FormatPanel } from "./format-panel.js";
import { CONNECTION, FrameRecord } from "./frame-record.js";
import { inFrames } from "./frames.js";
import { Tabs } from "./tabs.js";

/** How many turns are kept; with the bounds of frame-record.js that bounds it all. */
export const MOST_TURNS = 10;
const LONGEST_NAME = 60;
const NAMES = ["Events", "Formats", "Copy as"];

export class Inspector {
  #turns = new Map();
  #turn = null;
  #begun = 0;
  #drawStateSoon = inFrames(() => this.#drawState());
  #drawer;
  #tabs;
  #events = new EventsPanel();
  #formats = new FormatPanel();
  #panels = [this.#events, this.#formats, new CodePanel()];
  #choice = element("select", { "aria-label": "Turn", "data-first": true }, element("option", {}, "No turn yet"));
  #state = element("p", { class: "inspector-state", "data-state": "idle" });

  /** `drawer`: an empty `<aside>` with an id; `toggle`: the button that opens and closes it; `onOpen()` when it is opened. */
  constructor({ drawer, toggle, onOpen = () => {} }) {
    const panels = this.#panels.map(({ node }, index) => ({ name: NAMES[index], node }));
    this.#tabs = new Tabs(drawer.id, "Views of the turn", panels, () => this.#open());
    this.#choice.addEventListener("change", () => this.#show(this.#choice.value));
    const close = element("button", { type: "button", class: "small" }, "Close");
    close.addEventListener("click", () => this.#drawer.close());
    const head = element("header", {}, element("h2", {}, "Inspector"), this.#choice, close);
    drawer.replaceChildren(head, this.#state, ...this.#tabs.nodes);
    const opened = (isOpen) => {
      this.#open();
      if (isOpen) onOpen();
    };
    this.#drawer = new Drawer(drawer, toggle, opened, "inspecting");
    this.#choose(null);
  }

  /** A turn begins; its `request` is the body of POST /runs. A key that is there already begins anew. */
  begin(key, { prompt, request }) {
    const newest = [...this.#turns.keys()].at(-1);
    const follows = !this.#turn || this.#turn.key === newest || this.#turn.key === key;
    this.#turns.delete(key);
    const record = new FrameRecord(performance.now());
    const name = `${++this.#begun}. ${prompt.trim().replace(/\s+/g, " ").slice(0, LONGEST_NAME)}`;
    this.#turns.set(key, { key, name, request, record, runId: null, state: "", lastId: null });
    while (this.#turns.size > MOST_TURNS) this.#turns.delete(this.#turns.keys().next().value);
    this.#offer();
    if (follows || !this.#turns.has(this.#turn.key)) this.#show(key);
    else this.#choice.value = this.#turn.key;
  }

  /** The turn's run has this id. */
  known(key, runId) {
    const turn = this.#turns.get(key);
    if (!turn || turn.runId === runId) return;
    turn.runId = runId;
    if (turn !== this.#turn) return;
    this.#drawStateSoon();
    this.#formats.turn = turn;
  }

  /** The browser got a frame: {id, event, data, at}. */
  raw(key, frame) {
    this.#turns.get(key)?.record.add(frame);
    if (this.#turn?.key === key) this.#events.grown();
  }

  /** The turn's connection is now in this state, as run-stream.js tells; told again it is nothing new. */
  connection(key, state, lastId) {
    const turn = this.#turns.get(key);
    if (!turn) return;
    const isNew = turn.state !== state;
    Object.assign(turn, { state, lastId });
    if (turn === this.#turn) this.#drawStateSoon();
    if (!isNew) return;
    const data = lastId ? `${state}, last id ${cursorOf(lastId)}` : state;
    this.raw(key, { id: "", event: CONNECTION, data, at: performance.now() });
  }

  /** Open the drawer on this turn. */
  select(key) {
    if (this.#turns.has(key)) this.#show(key);
    this.#drawer.open();
  }

  #offer() {
    const turns = [...this.#turns.values()];
    this.#choice.replaceChildren(...turns.map(({ key, name }) => element("option", { value: key }, name)));
  }

  #show(key) {
    this.#choice.value = key;
    this.#choose(this.#turns.get(key));
  }

  #choose(turn) {
    this.#turn = turn;
    for (const panel of this.#panels) panel.turn = turn;
    this.#drawStateSoon();
  }

  #open() {
    this.#panels.forEach((panel, index) => (panel.isOpen = this.#drawer.isOpen && this.#tabs.at === index));
  }

  #drawState() {
    const { runId, state, lastId } = this.#turn ?? {};
    const told = [state, runId && `run ${runId}`, lastId && `last id ${cursorOf(lastId)}`];
    this.#state.dataset.state = state || "idle";
    setText(this.#state, told.filter(Boolean).join(" · "));
  }
}
