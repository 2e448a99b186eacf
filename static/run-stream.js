/**
 * One run as an EventSource: started once, followed through every cut and pause, up to its terminal event.
 *
 * The rules are docs/protocol.md's: an idempotency key so that no reconnect starts a second run, events that are
 * here already are dropped by their id, a gap replaces what was shown, and a terminal event closes the source; a
 * pause does too, until what the run waits for is decided. An EventSource heals most cuts itself; it gives up at any
 * answer but 200, and then it is opened anew from here.
 */

import { newKey } from "./idempotency-key.js";
import { Refusal, cancelRun, decide, endOf, eventsUrl, refusalOf, runOf } from "./run-requests.js";

const RAW = [
  ...["run", "token", "reasoning", "tool_call", "message_end", "usage", "tool_start", "tool_progress", "tool_end"],
  ...["tool_error", "step_start", "step_end", "sources", "custom", "partial", "approval", "done", "error", "cancelled"],
  ...["ping", "paused", "gap"],
];
const TERMINAL = new Set(["done", "error", "cancelled"]);
const PINGS_APART = 15_000;
const SILENCE = 2.5 * PINGS_APART;
const DROP_PAUSE = 1_500;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;
const OVERTAKEN = new Set([404, 409]); // the run may have gone on by somebody else's decision
const STOPPED = { code: "stopped", detail: "Stopped before the run began." };
const UNREACHABLE = "The service cannot be reached.";

/**
 * Tells `on`:
 * - `event(name, data)`: each event of the run once and in order; `names` are those that the caller knows
 * - `gap(snapshot)`: forget what was told, this is the state now
 * - `paused(interruptIds)`: the run waits for a person to decide these
 * - `waits(approvals)`: it does, and these are what it waits for; not all of them may have been told as events
 * - `decided(interruptId, decisions, goesOn)`, `undecided(interruptId, detail)`: what came of `decide`
 * - `connection(state, lastId, why)`: `connecting`, `live`, `waiting`, `dropped`, `reconnecting` or `closed`
 * - `refused({code, detail})`: the run could not be started, or is not to be had any more
 */
export class RunStream {
  #on;
  #names;
  #start;
  #runId = null;
  #lastId = null;
  #source = null;
  #closed = false;
  #stopping = false;
  #waiting = false;
  #failures = 0;
  #heard = 0;
  #timer = 0;
  #watchdog = 0;

  constructor({ query, chain, model, names, on }) {
    this.#on = on;
    this.#names = names;
    this.#start = `stream?${new URLSearchParams({
      query,
      ...(chain && { chain }),
      ...(model && { model }),
      format: "events",
      idempotency_key: newKey(),
    })}`;
    this.#watchdog = setInterval(() => this.#watch(), PINGS_APART / 3);
    this.#open("connecting");
  }

  /** Cut the connection for real, and come back after a moment. */
  drop() {
    if (this.#closed || !this.#source) return;
    this.#letGo();
    this.#tell("dropped");
    this.#later(DROP_PAUSE, () => this.#open("reconnecting"));
  }

  /** Cancel the run; its terminal event says when it has stopped. */
  async stop() {
    if (this.#closed) return;
    this.#stopping = true;
    if (!this.#runId) {
      if (!this.#source) this.#refuse(STOPPED);
      return; // else its first event brings the id that is needed to cancel it
    }
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
      this.#on.undecided(interruptId, error instanceof Refusal ? error.detail : UNREACHABLE);
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

  get #url() {
    if (!this.#runId) return this.#start;
    return eventsUrl(this.#runId, this.#lastId);
  }

  #tell(state, why = "") {
    this.#on.connection(state, this.#lastId, why);
  }

  #open(state) {
    this.#letGo();
    this.#waiting = false;
    this.#tell(state);
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#heard = performance.now();
    source.addEventListener("open", () => this.#alive());
    source.addEventListener("ping", () => this.#alive());
    source.addEventListener("gap", (event) => this.#take(event, () => this.#gap(event)));
    source.addEventListener("paused", (event) => this.#take(event, () => this.#pause(event)));
    source.addEventListener("error", (event) => {
      // A run's `error` event has data; EventSource's own, which tells of the connection, has none.
      if (event.data === undefined) this.#lost();
    });
    for (const name of RAW) {
      source.addEventListener(name, ({ lastEventId: id, data }) => {
        if (data !== undefined) this.#on.raw({ id, event: name, data, at: performance.now() });
      });
    }
    for (const name of this.#names) {
      source.addEventListener(name, (event) => {
        if (event.data !== undefined && !this.#had(event.lastEventId)) this.#take(event, () => this.#event(event));
      });
    }
  }

  #letGo() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
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
    this.#runId = event.lastEventId.split(".")[0];
    tell();
    if (this.#source) this.#alive();
    if (TERMINAL.has(event.type)) this.close();
  }

  #event(event) {
    this.#on.event(event.type, JSON.parse(event.data));
    if (event.type === "run" && this.#stopping) this.stop();
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
  }

  #goOn() {
    if (!this.#closed && !this.#source) this.#open("connecting");
  }

  #had(id) {
    return this.#lastId !== null && seqOf(id) <= seqOf(this.#lastId);
  }

  #watch() {
    if (this.#source && performance.now() - this.#heard > SILENCE) this.#open("reconnecting");
  }

  #lost() {
    if (this.#stopping && !this.#runId) return this.#refuse(STOPPED);
    if (this.#source.readyState === EventSource.CONNECTING) {
      this.#heard = performance.now(); // the browser goes on by itself, with the last id
      this.#tell("reconnecting");
      return;
    }
    this.#letGo();
    this.#tell("reconnecting");
    this.#ask();
  }

  /** EventSource does not say why it was refused: the same request by fetch does. */
  async #ask() {
    let response;
    try {
      response = await fetch(this.#url, { headers: { Accept: "text/event-stream" }, cache: "no-store" });
    } catch {
      return this.#again(0, "the service cannot be reached");
    }
    if (response.status === 204) return this.#finish();
    if (response.ok) {
      await response.body.cancel();
      return this.#again(0);
    }
    const refusal = await refusalOf(response);
    if (response.status < 500 && response.status !== 429) return this.#refuse(refusal);
    this.#again(Number(response.headers.get("Retry-After")) * 1_000, refusal.detail);
  }

  #again(atLeast, why) {
    if (this.#closed || this.#source) return;
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures++) * (0.75 + Math.random() / 2);
    this.#tell("reconnecting", why);
    this.#later(Math.max(delay, atLeast || 0), () => this.#open("reconnecting"));
  }

  /** Nothing is left to stream, though no terminal event came: the run itself says whether it waits or how it ended. */
  async #finish() {
    let run;
    try {
      run = await runOf(this.#runId);
    } catch (error) {
      return error instanceof Refusal ? this.#refuse(error) : this.#again(0, "the service cannot be reached");
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
