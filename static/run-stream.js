/**
 * One run as an EventSource: started once, followed through every cut, up to its terminal event.
 *
 * The rules are docs/protocol.md's: an idempotency key so that no reconnect starts a second run, events that are
 * here already are dropped by their id, a gap replaces what was shown, and a terminal event closes the source.
 * An EventSource heals most cuts itself; it gives up at any answer but 200, and then it is opened anew from here.
 */

const TERMINAL = new Set(["done", "error", "cancelled"]);
const PINGS_APART = 15_000;
const SILENCE = 2.5 * PINGS_APART;
const DROP_PAUSE = 1_500;
const FIRST_DELAY = 500;
const LONGEST_DELAY = 10_000;

/**
 * Tells `on`:
 * - `event(name, data)`: each event of the run once and in order; `names` are those that the caller knows
 * - `gap(snapshot)`: forget what was told, this is the state now
 * - `connection(state, lastId, why)`: `connecting`, `live`, `dropped`, `reconnecting` or `closed`
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
  #failures = 0;
  #heard = 0;
  #timer = 0;
  #watchdog = 0;

  constructor({ query, chain, names, on }) {
    this.#on = on;
    this.#names = names;
    this.#start = `/stream?${new URLSearchParams({
      query,
      ...(chain && { chain }),
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
      if (!this.#source) this.#refuse("stopped", "Stopped before the run began.");
      return; // else its first event brings the id that is needed to cancel it
    }
    try {
      const response = await fetch(`/runs/${this.#runId}/cancel`, { method: "POST" });
      if (!response.ok) return this.#refuse(...(await problemOf(response)));
    } catch {
      return this.#refuse("unreachable", "The service cannot be reached; the run ends there once nobody reads it.");
    }
    if (!this.#source && !this.#closed) this.#open("reconnecting");
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
    return `/runs/${this.#runId}/events?${new URLSearchParams({ after: this.#lastId, format: "events" })}`;
  }

  #tell(state, why = "") {
    this.#on.connection(state, this.#lastId, why);
  }

  #open(state) {
    this.#letGo();
    this.#tell(state);
    const source = new EventSource(this.#url);
    this.#source = source;
    this.#heard = performance.now();
    source.addEventListener("open", () => this.#alive());
    source.addEventListener("ping", () => this.#alive());
    source.addEventListener("gap", (event) => this.#take(event, () => this.#gap(event)));
    source.addEventListener("error", (event) => {
      // A run's `error` event has data; EventSource's own, which tells of the connection, has none.
      if (event.data === undefined) this.#lost();
    });
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
    this.#alive();
    if (TERMINAL.has(event.type)) this.close();
  }

  #event(event) {
    this.#on.event(event.type, JSON.parse(event.data));
    if (event.type === "run" && this.#stopping) this.stop();
  }

  #gap(event) {
    this.#on.gap(JSON.parse(event.data).snapshot);
  }

  #had(id) {
    return this.#lastId !== null && seqOf(id) <= seqOf(this.#lastId);
  }

  #watch() {
    if (this.#source && performance.now() - this.#heard > SILENCE) this.#open("reconnecting");
  }

  #lost() {
    if (this.#stopping && !this.#runId) return this.#refuse("stopped", "Stopped before the run began.");
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
    const [code, detail] = await problemOf(response);
    if (response.status < 500 && response.status !== 429) return this.#refuse(code, detail);
    this.#again(Number(response.headers.get("Retry-After")) * 1_000, detail);
  }

  #again(atLeast, why) {
    if (this.#closed || this.#source) return;
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures++) * (0.75 + Math.random() / 2);
    this.#tell("reconnecting", why);
    this.#later(Math.max(delay, atLeast || 0), () => this.#open("reconnecting"));
  }

  /** Nothing is left to stream, though no terminal event came: the run itself says how it ended. */
  async #finish() {
    try {
      const response = await fetch(`/runs/${this.#runId}`);
      if (!response.ok) return this.#refuse(...(await problemOf(response)));
      const [name, data] = endOf(await response.json());
      if (!this.#closed) this.#on.event(name, data);
      this.close();
    } catch {
      this.#again(0, "the service cannot be reached");
    }
  }

  #refuse(code, detail) {
    if (this.#closed) return;
    this.#on.refused({ code, detail });
    this.close();
  }
}

/** A version 4 UUID; crypto.randomUUID is not there on plain http from another machine. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** `<run_id>.<attempt>.<seq>`; seq counts on from attempt to attempt. */
function seqOf(id) {
  return Number(id.split(".")[2]);
}

/** A refusal's code and sentence; problem JSON where the service wrote it, whatever else a proxy says. */
async function problemOf(response) {
  const problem = await response.json().catch(() => ({}));
  return [problem.code ?? `http_${response.status}`, problem.detail ?? `The service answered ${response.status}.`];
}

/** The terminal event of a finished run, from what GET /runs/{id} says of it. */
function endOf(run) {
  if (run.status === "failed") return ["error", run.error ?? { code: "unknown", message: "The run failed." }];
  if (run.status === "cancelled") return ["cancelled", { ...run, reason: run.cancel_reason }];
  return ["done", run];
}
