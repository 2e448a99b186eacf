/** One prompt and what comes of it: its run's events, as they come or as they were kept, to a state and to the page. */

import { answerOf } from "./answer-text.js";
import { caughtUp, decided, goneOn, sending, undecided, waitsFor } from "./approvals.js";
import { NEW_CONNECTION, heard, moved, reloaded } from "./connection.js";
import { RunStream } from "./run-stream.js";
import { RunView } from "./run-view.js";
import { NEW_RUN, fromSnapshot, reduce, refused } from "./transcript.js";

/** How a run that is over is told of where its last event is not to be had. */
const ENDS = { succeeded: "done", failed: "error", cancelled: "cancelled" };

export class Turn {
  #about;
  #on;
  #view;
  #stream = null;
  #run = NEW_RUN;
  #connection;
  #isLeft = false;

  /**
   * `about`: its `key`, `prompt` and `request` (the body of POST /runs); of a run that has begun its `runId`, and of one
   * that is over `stored`: its `status` and `response`. Of a turn that was here before a reload, when it `began` and
   * whether it was `refused`.
   *
   * Tells `on`: `changed()`; `saves()` when `saved` is another; `known(runId)`, `raw(frame)` and `connection(state,
   * lastId)` as RunStream does; `ended(status)`. `on.read(runId)` gives the events of a run that is over. `on.onRetry()`,
   * `onEdit(prompt)`, `onSibling(step)`, `onInspect()` and `linkOf()` are RunView's.
   */
  constructor(about, on) {
    this.#about = { runId: null, began: null, refused: null, stored: null, ...about };
    this.#on = on;
    this.#connection = this.#about.began ? reloaded(this.#about.began) : NEW_CONNECTION;
    this.#view = new RunView(about.prompt, { ...on, onDecide: (...decision) => this.#decide(...decision) });
  }

  get node() {
    return this.#view.node;
  }

  get run() {
    return this.#run;
  }

  get runId() {
    return this.#about.runId;
  }

  get connection() {
    return this.#connection;
  }

  get prompt() {
    return this.#about.prompt;
  }

  get request() {
    return this.#about.request;
  }

  get answer() {
    return answerOf(this.#run);
  }

  /** Whether it was over before it was shown here. */
  get isStored() {
    return this.#about.stored !== null;
  }

  /** `idle`, `running`, or `waiting` for a person. */
  get state() {
    if (this.#run.end || this.isStored) return "idle";
    return this.#run.status === "waiting" ? "waiting" : "running";
  }

  /** What a reload needs that the service does not have; null where it has all. */
  get saved() {
    const { stored, ...about } = this.#about;
    return this.isStored || (about.runId && this.#run.end) ? null : about;
  }

  /** Which of those that follow the same run it is, from 0 on, and of how many. */
  set place({ index, count }) {
    this.#view.place = { index, count };
  }

  /** The focus to its way on in a direction, -1 or 1, among those. */
  focusBranches(step) {
    this.#view.focusBranches(step);
  }

  /** Start the run, or read it again. */
  begin() {
    const { refused: problem } = this.#about;
    if (problem) this.#become(refused(this.#run, problem));
    else if (this.isStored) this.#read();
    else this.#follow();
  }

  stop() {
    this.#stream?.stop();
  }

  drop() {
    this.#stream?.drop();
  }

  /** It is not shown any more: nobody will read the run. */
  leave() {
    if (this.state === "idle") this.close();
    else this.stop();
    this.hide();
  }

  /** It is not shown any more, though its run may go on. */
  hide() {
    this.#isLeft = true;
    this.node.remove();
  }

  /** Leave its run to itself. */
  close() {
    this.#stream?.close();
  }

  #follow() {
    const { request, key, runId } = this.#about;
    this.#stream = new RunStream({
      request,
      key,
      runId,
      on: {
        known: (runId) => this.#begun(runId),
        event: (...event) => this.#take(...event),
        gap: (snapshot) => this.#become(fromSnapshot(this.#run, snapshot)),
        paused: (interruptIds) => this.#become(waitsFor(this.#run, interruptIds)),
        waits: (approvals) => this.#become(caughtUp(this.#run, approvals)),
        decided: (interruptId, decisions, goesOn) => {
          const next = decided(this.#run, interruptId, decisions);
          this.#become(goesOn ? goneOn(next) : next);
        },
        undecided: (interruptId, problem) => this.#become(undecided(this.#run, interruptId, problem)),
        refused: (problem) => this.#refuse(problem),
        connection: (state, lastId, why) => this.#move(state, lastId, why),
        raw: (frame) => this.#on.raw(frame),
      },
    });
  }

  /** What was answered at once, and then all that happened on the way to it. */
  async #read() {
    this.#move("reading", null);
    this.#become(answeredOnly(this.#about.stored));
    try {
      this.#replay(await this.#on.read(this.runId));
    } catch (problem) {
      if (!this.#isLeft) this.#unread(problem);
    }
  }

  #replay(events) {
    if (this.#isLeft) return;
    const at = performance.now();
    let run = { ...NEW_RUN, epoch: this.#run.epoch + 1 };
    for (const { id, event, data } of events) {
      this.#on.raw({ id, event, data: JSON.stringify(data), at });
      run = event === "gap" ? fromSnapshot(run, data.snapshot) : reduce(run, event, data);
    }
    if (!run.end) return this.#unread({ detail: "the events end before the answer does" });
    this.#run = run;
    this.#move("closed", events.at(-1).id);
  }

  #unread({ detail, message }) {
    const { status } = this.#about.stored;
    const why = `what happened on the way cannot be shown: ${detail ?? message}`;
    this.#run = reduce(this.#run, ENDS[status], { code: "unread", message: "why is not to be had" });
    this.#move("closed", null, why);
  }

  #begun(runId) {
    this.#about = { ...this.#about, runId, began: Date.now() };
    this.#connection = { ...this.#connection, began: this.#about.began };
    this.#on.known(runId);
    this.#on.saves();
  }

  #take(name, data, id) {
    if (id) this.#connection = heard(this.#connection, id, data.t, Date.now());
    this.#become(reduce(this.#run, name, data));
    if (this.#run.end) this.#ended();
  }

  /** One that never began is known here alone. */
  #refuse({ code, detail }) {
    if (!this.runId) this.#about = { ...this.#about, refused: { code, detail } };
    this.#become(refused(this.#run, { code, detail }));
    this.#ended();
  }

  #ended() {
    this.#on.ended(this.#run.status);
    this.#on.saves();
  }

  #decide(interruptId, decisions) {
    this.#become(sending(this.#run, interruptId, decisions));
    this.#stream.decide(interruptId, decisions);
  }

  #move(state, lastId, why) {
    this.#connection = moved(this.#connection, state, lastId, why, Date.now());
    this.#on.connection(state, lastId);
    this.#show();
  }

  #become(run) {
    this.#run = run;
    this.#show();
  }

  #show() {
    this.#view.show(this.#run, this.#connection);
    this.#on.changed();
  }
}

/** The state of a run of which only its answer is here yet. */
function answeredOnly({ status, response }) {
  const messages = response ? [{ message_id: "m1", channel: "answer", text: response }] : [];
  return { ...fromSnapshot(NEW_RUN, { messages, tools: [] }), status };
}
