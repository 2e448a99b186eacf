/** The turns of a conversation, of which the last may still go on: asked, asked again, kept for a reload, left. */

import { inputOf } from "./chain-input.js";
import { newKey } from "./idempotency-key.js";
import { save, saved } from "./saved-conversation.js";
import { Turn } from "./turn.js";

export class Conversation {
  #log;
  #choice;
  #inspector;
  #onLeave;
  #onChange;
  #turns = [];

  /** `choice` is choice.js's. `onChange()` at whatever the last turn becomes, `onLeave()` before turns go. */
  constructor({ log, choice, inspector, onLeave, onChange }) {
    this.#log = log;
    this.#choice = choice;
    this.#inspector = inspector;
    this.#onLeave = onLeave;
    this.#onChange = onChange;
  }

  get last() {
    return this.#turns.at(-1) ?? null;
  }

  get state() {
    return this.last?.state ?? "idle";
  }

  /** A prompt to the chosen chain. */
  ask(prompt) {
    this.#ask(prompt, this.#choice.chainName, this.#threadOf(this.last));
  }

  /** Show again what was saved, and follow what still goes on. Gives what was chosen then. */
  restore() {
    const { turns, chosen } = saved();
    this.#turns = turns.map((about) => this.#add(about));
    // The one that goes on first: a browser has few connections to a host.
    for (const turn of this.#turns.toReversed()) turn.begin();
    return chosen;
  }

  /** Begin anew; a run that goes on is cancelled. */
  clear() {
    this.#leaveFrom(0);
    this.save();
    this.#onChange();
  }

  save() {
    save(
      this.#turns.map((turn) => turn.saved),
      this.#choice.chosen,
    );
  }

  #ask(prompt, chainName, threadId) {
    const key = newKey();
    const exchanges = this.#turns.map(({ prompt, answer }) => ({ prompt, answer }));
    const chain = this.#choice.chainNamed(chainName);
    const request = {
      ...(chainName && { chain: chainName }),
      input: inputOf(chain, prompt, exchanges),
      ...this.#choice.askedOf(chain),
      ...(chain?.keeps_threads && { thread_id: threadId ?? newKey() }),
      on_disconnect: "cancel",
    };
    const turn = this.#add({ key, prompt, request });
    this.#turns.push(turn);
    this.save();
    turn.begin();
  }

  /** Another answer from the same chain, to the same prompt or to another, in the place of all from that turn on. */
  #askAgain(turn, prompt) {
    if (this.state !== "idle") return;
    this.#leaveFrom(this.#turns.indexOf(turn));
    // In a thread of its own: the old one remembers what has gone.
    this.#ask(prompt, turn.request.chain ?? null, null);
  }

  #add(about) {
    const { key, prompt, request, runId } = about;
    const turn = new Turn(about, {
      changed: () => turn === this.last && this.#onChange(),
      saves: () => this.#turns.includes(turn) && this.save(),
      known: (runId) => this.#inspector.known(key, runId),
      raw: (frame) => this.#inspector.raw(key, frame),
      connection: (state, lastId) => this.#inspector.connection(key, state, lastId),
      onRetry: () => this.#askAgain(turn, prompt),
      onEdit: (edited) => this.#askAgain(turn, edited),
      onInspect: () => this.#inspector.select(key),
    });
    this.#inspector.begin(key, { prompt, request });
    if (runId) this.#inspector.known(key, runId);
    this.#log.append(turn.node);
    return turn;
  }

  /** The thread in which the chosen chain goes on from a turn, if that turn was of the same chain. */
  #threadOf(turn) {
    return turn?.request.chain === this.#choice.chainName ? turn?.request.thread_id : null;
  }

  #leaveFrom(index) {
    this.#onLeave();
    for (const turn of this.#turns.splice(index)) turn.leave();
  }
}
