/** One prompt and what comes of it: its run's stream to a state, and the state to the page and to what a reload needs. */

import { answerOf } from "./answer-text.js";
import { caughtUp, decided, goneOn, sending, undecided, waitsFor } from "./approvals.js";
import { NEW_CONNECTION, heard, moved, reloaded } from "./connection.js";
import { RunStream } from "./run-stream.js";
import { RunView } from "./run-view.js";
import { NEW_RUN, fromSnapshot, reduce, refused } from "./transcript.js";

export class Turn {
  #about;
  #on;
  #view;
  #stream = null;
  #run = NEW_RUN;
  #connection;
  #last = null;

  /**
   * `about`: its `key`, `prompt` and `request` (the body of POST /runs); of one that was saved also its `runId`, when it
   * `began` and how it `ended`. Tells `on`: `changed()`; `saves()` when `saved` is another; `known(runId)`, `raw(frame)`
   * and `connection(state, lastId)` as RunStream does. `on.onRetry()`, `onEdit(prompt)`, `onInspect()` are RunView's.
   */
  constructor(about, on) {
    this.#about = { runId: null, began: null, ended: null, ...about };
    this.#on = on;
    this.#connection = this.#about.runId ? reloaded(this.#about.began) : NEW_CONNECTION;
    this.#view = new RunView(about.prompt, { ...on, onDecide: (...decision) => this.#decide(...decision) });
  }

  get node() {
    return this.#view.node;
  }

  get run() {
    return this.#run;
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

  /** `idle`, `running`, or `waiting` for a person. */
  get state() {
    if (this.#run.end) return "idle";
    return this.#run.status === "waiting" ? "waiting" : "running";
  }

  /** What a reload needs. */
  get saved() {
    return this.#about;
  }

  /** Start the run; of a turn that was saved, read it again. */
  begin() {
    const { request, key, runId, ended } = this.#about;
    if (ended && !runId) return this.#become(keptOf(ended));
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

  stop() {
    this.#stream?.stop();
  }

  drop() {
    this.#stream?.drop();
  }

  /** It is not shown any more: nobody will read the run. */
  leave() {
    if (this.#run.end) this.#stream?.close();
    else this.stop();
    this.node.remove();
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
    if (this.#run.end) this.#end(name, data);
  }

  #refuse({ code, detail }) {
    const { ended } = this.#about;
    this.#become(ended ? keptOf(ended) : refused(this.#run, { code, detail }));
    if (!ended) this.#end("error", { code, message: detail });
  }

  /** Kept in short too, for when the service has forgotten the run. */
  #end(name, { output, ...data }) {
    if (this.#about.ended) return;
    this.#about = { ...this.#about, ended: { name, data, answer: this.answer } };
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

/** The state of a run that ended, from what was kept of it. */
function keptOf({ name, data, answer }) {
  const messages = answer ? [{ message_id: "m1", channel: "answer", text: answer }] : [];
  return reduce(fromSnapshot(NEW_RUN, { messages, tools: [] }), name, data);
}
