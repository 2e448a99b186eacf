/**
 * One run as an EventSource: started once, followed through every cut and pause, up to its terminal event.
 *
 * The rules are docs/protocol.md's: an idempotency key so that a start whose answer was lost is asked for again and
 * no second run begins, events that are here already are dropped by their id, a gap replaces what was shown, and a
 * terminal event closes the source; a pause does too, until what the run waits for is decided. An EventSource heals
 * most cuts itself; it gives up at any answer but 200, and then it is opened anew from here.
 */

import { Refusal } from "./refusal.js";
import { wordsOf } from "./refusal-words.js";
import { isKeyAwaited } from "./requests.js";
import { cancelRun, decide, endOf, hasMore, runOf } from "./run-requests.js";
import { RunSource } from "./run-source.js";
import { RunStart } from "./run-start.js";
import { RunToken } from "./run-token.js";

const TERMINAL = new Set(["done", "error", "cancelled"]);
const PINGS_APART = 15_000;
const SILENCE = 2.5 * PINGS_APART;
const LOOK_APART = 4_000; // well within the grace that the service gives a run whose reader is away
const DROP_PAUSE = 1_500;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;
const OVERTAKEN = new Set([404, 409]); // the run may have gone on by somebody else's decision
const STOPPED = { code: "stopped", detail: "Stopped before the run began." };
const UNREACHABLE = "The service cannot be reached.";
const LEFT = { code: "unreachable", detail: `${UNREACHABLE} A run that had begun goes on to its end there.` };
const UNREACHED = "the service cannot be reached";
const SILENT = `nothing came for ${SILENCE / 1_000} s`;

/**
 * Tells `on`:
 * - `known(runId)`: the run has begun, and this is it
 * - `event(name, data, id)`: each event of the run once and in order
 * - `gap(snapshot)`: forget what was told, this is the state now
 * - `paused(interruptIds)`: the run waits for a person to decide these
 * - `waits(approvals)`: it does, and these are what it waits for; not all of them may have been told as events
 * - `decided(interruptId, decisions, goesOn)`, `undecided(interruptId, detail)`: what came of `decide`
 * - `connection(state, lastId, why)`: `connecting`, `live`, `waiting`, `dropped`, `reconnecting` or `closed`
 * - `refused({code, detail})`: the run could not be started, or is not to be had any more
 * - `raw({id, event, data, at})`: every frame as it came, repeated ones too; `at` is performance.now()'s
 */
export class RunStream {
  #on;
  #start;
  #runId;
  #token = null;
  #lastId = null;
  #source = null;
  #closed = false;
  #stopping = false;
  #waiting = false;
  #failures = 0;
  #heard = 0;
  #timer = 0;
  #watchdog = 0;

  /** The `request` is POST /runs' body, sent under `key`; with a `runId` that run is read from its start instead. */
  constructor({ request, key, runId = null, on }) {
    this.#on = on;
    this.#start = new RunStart(request, key);
    this.#runId = runId;
    this.#watchdog = setInterval(() => this.#watch(), PINGS_APART / 3);
    this.#open("connecting");
  }

  /** Cut the connection for real, and come back after a moment. */
  drop() {
    if (this.#closed || !this.#isOpen) return;
    this.#letGo();
    this.#tell("dropped");
    this.#later(DROP_PAUSE, () => this.#open("reconnecting"));
  }

  /** Cancel the run; its terminal event says when it has stopped. */
  async stop() {
    if (this.#closed) return;
    this.#stopping = true;
    if (!this.#runId) return this.#stopTheStart();
    try {
      await cancelRun(this.#runId);
    } catch (error) {
      if (error instanceof Refusal) return this.#refuse(error);
      const then = this.#waiting ? "The run still waits there." : "The run ends there once nobody reads it.";
      return this.#refuse({ code: "unreachable", detail: `${UNREACHABLE} ${then}` });
    }
    if (!this.#source && !this.#closed) this.#open(this.#waiting ? "connecting" : "reconnecting");
  }

  /** Decide what the run waits for; once all of it is decided, the run goes on. */
  async decide(interruptId, decisions) {
    try {
      const { status } = await decide(this.#runId, interruptId, decisions);
      const goesOn = status !== "waiting";
      this.#on.decided(interruptId, decisions, goesOn);
      if (goesOn) this.#goOn();
    } catch (error) {
      this.#on.undecided(interruptId, error instanceof Refusal ? wordsOf(error) : UNREACHABLE);
      if (OVERTAKEN.has(error.status)) this.#goOn();
    }
  }

  /** Leave the run to itself. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#watchdog);
    this.#letGo();
    this.#tell("closed");
  }

  get #isOpen() {
    return this.#source !== null || this.#start.isAsking;
  }

  #tell(state, why = "") {
    this.#on.connection(state, this.#lastId, why);
  }

  #open(state, why) {
    this.#letGo();
    this.#waiting = false;
    this.#tell(state, why);
    this.#heard = performance.now();
    if (this.#runId) this.#follow();
    else this.#begin();
  }

  async #begin() {
    let runId;
    try {
      runId = await this.#start.ask();
    } catch (error) {
      return this.#notBegun(error);
    }
    if (runId === null) return;
    this.#runId = runId;
    this.#on.known(runId);
    this.#follow();
    if (this.#stopping) this.stop();
  }

  #notBegun(error) {
    const passes = !(error instanceof Refusal) || error.passes;
    if (passes && this.#stopping) return this.#refuse(this.#start.mayHaveBegun ? LEFT : STOPPED);
    this.#failed(error);
  }

  /** A request was refused, or not answered. */
  #failed(error) {
    if (!(error instanceof Refusal)) return this.#again(0, UNREACHED);
    if (!error.passes) return this.#refuse(error);
    this.#again(error.retryAfter, wordsOf(error));
  }

  /** A start whose answer was lost may have been one: only its answer brings the id that is needed to cancel it. */
  #stopTheStart() {
    if (this.#start.isAsking) return;
    if (this.#start.mayHaveBegun) this.#open("reconnecting");
    else this.#refuse(STOPPED);
  }

  #follow() {
    this.#token ??= new RunToken(this.#runId);
    this.#source = new RunSource({
      runId: this.#runId,
      after: this.#lastId,
      token: this.#token,
      hear: (event) => this.#hear(event),
      failed: (error) => {
        this.#letGo();
        this.#failed(error);
      },
    });
  }

  #hear(event) {
    const { type, data, lastEventId, timeStamp } = event;
    if (type === "open") return this.#alive();
    // A run's `error` event has data; EventSource's own, which tells of the connection, has none.
    if (data === undefined) return this.#lost();
    this.#on.raw({ id: lastEventId || null, event: type, data, at: timeStamp });
    if (type === "ping") this.#alive();
    else if (type === "gap") this.#take(event, () => this.#gap(event));
    else if (type === "paused") this.#take(event, () => this.#pause(event));
    else if (!this.#had(lastEventId)) this.#take(event, () => this.#event(event));
  }

  #letGo() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.#start.cancel();
  }

  #later(delay, then) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, delay);
  }

  #alive() {
    this.#heard = performance.now();
    this.#tell("live");
  }

  #take(event, tell) {
    this.#failures = 0;
    this.#lastId = event.lastEventId;
    tell();
    if (this.#source) this.#alive();
    if (TERMINAL.has(event.type)) this.close();
  }

  #event(event) {
    this.#on.event(event.type, JSON.parse(event.data), event.lastEventId);
  }

  #gap(event) {
    this.#on.gap(JSON.parse(event.data).snapshot);
  }

  /** An end, and no truncation: the run goes on once it is decided, and only then is there more to read. */
  #pause(event) {
    this.#on.paused(JSON.parse(event.data).interrupt_ids);
    this.#wait();
  }

  #wait() {
    this.#letGo();
    this.#waiting = true;
    this.#tell("waiting");
    this.#later(LOOK_APART, () => this.#look());
  }

  /** Whether the run goes on by somebody else's decision; if nobody read it then, it would be cancelled. */
  async #look() {
    const run = await runOf(this.#runId).catch(() => null);
    if (!this.#waiting || this.#closed) return;
    if (run && run.status !== "waiting") return this.#goOn();
    this.#later(LOOK_APART, () => this.#look());
  }

  #goOn() {
    if (!this.#closed && !this.#source) this.#open("connecting");
  }

  #had(id) {
    return this.#lastId !== null && seqOf(id) <= seqOf(this.#lastId);
  }

  #watch() {
    if (isKeyAwaited()) this.#heard = performance.now();
    if (this.#isOpen && performance.now() - this.#heard > SILENCE) this.#open("reconnecting", SILENT);
  }

  #lost() {
    if (!this.#source.isRefused) {
      this.#heard = performance.now(); // the browser goes on by itself, with the last id
      this.#tell("reconnecting");
      return;
    }
    this.#letGo();
    this.#token.drop();
    this.#tell("reconnecting");
    this.#ask();
  }

  async #ask() {
    try {
      if (await hasMore(this.#runId, this.#lastId)) return this.#again(0);
    } catch (error) {
      return this.#failed(error);
    }
    this.#finish();
  }

  #again(atLeast, why) {
    if (this.#closed || this.#isOpen) return;
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures++) * (0.75 + Math.random() / 2);
    this.#tell("reconnecting", why);
    this.#later(Math.max(delay, atLeast), () => this.#open("reconnecting"));
  }

  /** Nothing is left to stream, though no terminal event came: the run itself says whether it waits or how it ended. */
  async #finish() {
    let run;
    try {
      run = await runOf(this.#runId);
    } catch (error) {
      return this.#failed(error);
    }
    if (this.#closed || this.#source) return;
    if (run.status === "waiting") {
      this.#on.waits(run.approvals);
      return this.#wait();
    }
    const end = endOf(run);
    if (end === null) return this.#again(0); // it was decided just now
    this.#on.event(...end);
    this.close();
  }

  #refuse({ code, detail }) {
    if (this.#closed) return;
    this.#on.refused({ code, detail });
    this.close();
  }
}

/** `<run_id>.<attempt>.<seq>`; seq counts on from attempt to attempt. */
function seqOf(id) {
  return Number(id.split(".")[2]);
}
