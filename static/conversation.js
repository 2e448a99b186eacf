/** The turns of a branch of a thread, of which the last may still go on: asked, asked again, opened, left. */

import { inputOf, promptOf } from "./chain-input.js";
import { newKey } from "./idempotency-key.js";
import { save } from "./saved-conversation.js";
import { StoredRuns } from "./stored-runs.js";
import { Thread } from "./thread.js";
import { Turn } from "./turn.js";

const LEFT_BEHIND = 2; // a browser has few connections to a host

export class Conversation {
  #log;
  #choice;
  #inspector;
  #on;
  #thread = new Thread();
  #turns = [];
  #behind = [];
  #stored = new StoredRuns();

  /**
   * `choice` is choice.js's. Tells `on`: `changed()` at whatever the last turn becomes, `leaves()` before turns go,
   * `moved(place)` when it is another thread, or another branch of it; `begun({threadId, prompt})` when a run has begun;
   * `on.linkOf(place)` is the link to one.
   */
  constructor({ log, choice, inspector, on }) {
    this.#log = log;
    this.#choice = choice;
    this.#inspector = inspector;
    this.#on = on;
  }

  get last() {
    return this.#turns.at(-1) ?? null;
  }

  get state() {
    return this.last?.state ?? "idle";
  }

  /** Null where it is yet to begin. */
  get threadId() {
    return this.#thread.id;
  }

  /** The turn of a run, if it is shown. */
  turnOf(runId) {
    return this.#turns.find((turn) => turn.runId === runId) ?? null;
  }

  /** A prompt to the chosen chain, after what is shown. */
  ask(prompt) {
    this.#ask({ prompt, input: prompt, chainName: this.#choice.chainName, parent: this.#lastRunId });
  }

  /**
   * Show a thread: the branch that leads to its latest run, or with a `runId` on through that one. `unfinished` is what
   * a reload brought of its last turn, as Turn.saved gave it.
   */
  open(thread, runId = null, unfinished = null) {
    if (thread.id !== this.#thread.id || !thread.id) this.#leaveFrom(0);
    this.#thread = thread;
    const isAsked = unfinished && !unfinished.runId; // its parent says where it stands
    const leaf = isAsked ? unfinished.request.parent_run_id : runId ? thread.latestUnder(runId) : thread.latest;
    this.#show(leaf, runId, unfinished);
    if (isAsked) this.#begin(unfinished);
    this.#changed();
  }

  /** Show nothing; what goes on is left to go on. */
  leave() {
    this.#leaveFrom(0);
    this.#thread = new Thread();
    this.#changed();
  }

  /** Begin anew; a run that goes on is cancelled. */
  clear() {
    for (const turn of this.#turns) if (turn.state !== "idle") turn.leave();
    this.leave();
  }

  save() {
    save({ chosen: this.#choice.chosen, turn: this.last?.saved ?? null });
  }

  /** The last one of this thread; a run that was opened alone is of none. */
  get #lastRunId() {
    if (!this.#thread.id) return null;
    return this.#turns.findLast(({ runId }) => this.#thread.find(runId))?.runId ?? null;
  }

  #ask({ prompt, input, chainName, parent }) {
    const chain = this.#choice.chainNamed(chainName);
    if (!this.#thread.id) this.#thread = new Thread(newKey());
    const request = {
      ...(chainName && { chain: chainName }),
      input,
      ...this.#choice.askedOf(chain),
      thread_id: this.#thread.id,
      parent_run_id: parent,
      on_disconnect: "cancel",
    };
    this.#begin({ key: newKey(), prompt, request });
    this.save();
    this.#on.moved({ thread: this.#thread.id });
  }

  /** Another answer from the same chain, to the same prompt or to another: a branch beside that turn. */
  #askAgain(turn, { prompt, input }) {
    if (this.state !== "idle") return;
    const { chain: chainName = null, parent_run_id: parent = null } = turn.request;
    const before = this.#turns.slice(0, this.#turns.indexOf(turn));
    const chain = this.#choice.chainNamed(chainName);
    this.#leaveFrom(before.length);
    if (!chain?.keeps_threads) return this.#ask({ prompt, input, chainName, parent });
    // It remembers what it was told in this thread, whatever the branch: another one is told of it anew.
    this.#thread = new Thread();
    this.#ask({ prompt, input: inputOf(chain, prompt, before), chainName, parent: null });
  }

  #goToSibling(turn, step) {
    const siblings = this.#thread.after(turn.request.parent_run_id);
    const to = siblings[siblings.findIndex(({ run_id: id }) => id === turn.runId) + step]?.run_id;
    if (!to || this.state !== "idle") return;
    this.#show(this.#thread.latestUnder(to), to);
    this.#changed();
    this.#on.moved({ thread: this.#thread.id, run: to });
    this.turnOf(to)?.focusBranches(step);
  }

  /** Show the branch up to a run; what is shown of it already stays. The run that is aimed at is read first. */
  #show(leaf, aim, unfinished = null) {
    const branch = this.#thread.branchTo(leaf);
    const same = branch.findIndex(({ run_id: id }, index) => this.#turns[index]?.runId !== id);
    const kept = same < 0 ? branch.length : same;
    this.#leaveFrom(kept);
    const turns = branch.slice(kept).map((run) => this.#add(aboutOf(this.#thread.id, run, unfinished)));
    this.#turns.push(...turns);
    this.#number();
    const aimed = turns.filter(({ runId }) => runId === aim);
    for (const turn of new Set([...aimed, ...turns.toReversed()])) turn.begin();
    this.#letGoOf(turns);
  }

  #begin(about) {
    const turn = this.#add(about);
    this.#turns.push(turn);
    turn.begin();
  }

  #add(about) {
    const { key, prompt, request, runId } = about;
    const turn = new Turn(about, {
      changed: () => turn === this.last && this.#on.changed(),
      saves: () => turn === this.last && this.save(),
      read: (runId) => this.#stored.read(runId),
      known: (runId) => this.#known(turn, key, runId),
      ended: (status) => this.#ended(turn, status),
      raw: (frame) => this.#inspector.raw(key, frame),
      connection: (state, lastId) => this.#inspector.connection(key, state, lastId),
      onRetry: () => this.#askAgain(turn, { prompt, input: turn.request.input }),
      onEdit: (edited) => this.#askAgain(turn, { prompt: edited, input: edited }),
      onSibling: (step) => this.#goToSibling(turn, step),
      onInspect: () => this.#inspector.select(key),
      linkOf: () => turn.runId && this.#on.linkOf({ thread: request.thread_id, run: turn.runId }),
    });
    this.#inspector.begin(key, { prompt, request });
    if (runId) this.#inspector.known(key, runId);
    this.#log.append(turn.node);
    return turn;
  }

  #known(turn, key, runId) {
    const { thread_id: threadId, parent_run_id: parent, chain, input } = turn.request;
    this.#inspector.known(key, runId);
    this.#on.begun({ threadId, prompt: turn.prompt });
    if (!this.#turns.includes(turn)) return;
    this.#thread.put({ run_id: runId, parent_run_id: parent, status: "running", chain, input, response: "" });
    this.#number();
  }

  #ended(turn, status) {
    if (this.#turns.includes(turn) && this.#thread.find(turn.runId)) {
      this.#thread.put({ run_id: turn.runId, status, response: turn.answer });
    }
  }

  /** Tell each turn which of its siblings it is. */
  #number() {
    for (const turn of this.#turns) {
      const siblings = this.#thread.after(turn.request.parent_run_id);
      turn.place = { index: siblings.findIndex(({ run_id: id }) => id === turn.runId), count: siblings.length };
    }
  }

  /** What still goes on is read on out of sight, since a run that nobody reads is cancelled; only the last few. */
  #leaveFrom(index) {
    if (index >= this.#turns.length) return;
    this.#on.leaves();
    this.#stored.leave();
    for (const turn of this.#turns.splice(index)) {
      if (turn.state !== "idle") this.#behind.push(turn);
      turn.hide();
    }
    this.#behind = this.#behind.filter(({ state }) => state !== "idle");
    while (this.#behind.length > LEFT_BEHIND) this.#behind.shift().close();
  }

  /** What was left behind is read here again. */
  #letGoOf(turns) {
    const isHere = ({ runId }) => runId && turns.some((turn) => turn.runId === runId);
    for (const turn of this.#behind.filter(isHere)) turn.close();
    this.#behind = this.#behind.filter((turn) => !isHere(turn));
  }

  #changed() {
    this.save();
    this.#on.changed();
  }
}

const OVER = new Set(["succeeded", "failed", "cancelled"]);

/** A turn from what the service tells of its run. */
function aboutOf(threadId, run, unfinished) {
  const { run_id: runId, parent_run_id: parent, chain, input, status, response } = run;
  return {
    key: runId,
    runId,
    prompt: promptOf(input),
    request: { chain, input, ...(threadId && { thread_id: threadId }), parent_run_id: parent, on_disconnect: "cancel" },
    stored: OVER.has(status) ? { status, response } : null,
    began: unfinished?.runId === runId ? unfinished.began : null,
  };
}
