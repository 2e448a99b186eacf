/**
 * A run's frames over HTTP, each once and in order, through every cut, up to its last.
 *
 * A start is asked for again under its idempotency key until its run is known; from there on the run is read after the
 * last id. A number that is left out is a cut too: nothing is passed over in silence.
 */

import { chunksOf, Connection } from "./connection.js";
import { isSeen, runIdOf, seqOf } from "./cursor.js";
import { ProblemError, TruncatedError, UnreachableError } from "./errors.js";
import { isLast, type Frame, type Schemas } from "./events.js";
import { readNDJSON } from "./ndjson.js";
import type { ClientOptions, PatienceOptions } from "./options.js";
import type { Reader } from "./reader.js";
import { getRun, readRun, startRun, type StreamFormat } from "./requests.js";
import { pause, Retries } from "./retries.js";
import { lastFrameOf } from "./run-end.js";
import { readSSE } from "./sse.js";

/** A run to start, or one to go on with. */
export type Place =
  | { readonly body: Schemas["RunBody"]; readonly key: string }
  | { readonly runId: string; readonly after: string | null };

const SILENCE = 37_500; // two and a half pings
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

interface Format {
  readonly name: StreamFormat;
  readonly read: Reader;
  readonly mediaType: string;
  readonly hasPings: boolean;
}

const FORMATS: Record<StreamFormat, Format> = {
  events: { name: "events", read: readSSE, mediaType: "text/event-stream", hasPings: true },
  ndjson: { name: "ndjson", read: readNDJSON, mediaType: "application/x-ndjson", hasPings: false },
};

/** Yields the frames of a run; `known` is the first, as soon as the run has an id. */
export async function* follow(
  place: Place,
  format: StreamFormat,
  options: ClientOptions & PatienceOptions,
): AsyncGenerator<Frame, void> {
  const { signal } = options;
  const retries = new Retries(options);
  const follower = new Follower(place, FORMATS[format], options, retries);
  if ("runId" in place) yield knownAs(place.runId);
  for (;;) {
    signal?.throwIfAborted();
    const connection = new Connection(signal, options.silence ?? SILENCE);
    let cause: unknown = new Error("The stream ended before the run did.");
    try {
      for await (const frame of follower.connect(connection)) {
        signal?.throwIfAborted(); // more may have come with the last chunk
        yield frame;
        if (isLast(frame)) return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!passes(error)) throw error;
      cause = connection.signal.aborted ? connection.signal.reason : error;
    } finally {
      connection.close();
    }
    const delay = retries.next(cause, cause instanceof ProblemError ? (cause.retryAfter ?? 0) : 0);
    if (delay === null) throw follower.givenUp(cause);
    await pause(delay, signal);
  }
}

/** Where a reader is in its run, from connection to connection. */
class Follower {
  #place: Place;

  constructor(
    place: Place,
    private readonly format: Format,
    private readonly options: ClientOptions,
    private readonly retries: Retries,
  ) {
    this.#place = place;
  }

  /** The frames of one connection that are new. Raises where it breaks or is refused. */
  async *connect(connection: Connection): AsyncGenerator<Frame, void> {
    const options = { ...this.options, signal: connection.signal };
    const response = await this.#open(options);
    yield* this.#know(response.headers.get("X-Run-ID"));
    if (response.status === 204) {
      yield* this.#ended(options);
      return;
    }
    for await (const frame of this.#read(response, connection)) {
      yield* this.#know(runIdOf(frame.id));
      if (this.#isNew(frame)) yield frame;
    }
  }

  givenUp(cause: unknown): Error {
    if ("runId" in this.#place) return new TruncatedError({ cause });
    return cause instanceof ProblemError ? cause : new UnreachableError({ cause });
  }

  #open(options: ClientOptions): Promise<Response> {
    const place = this.#place;
    if ("runId" in place) return readRun(place.runId, place.after, this.format.name, options);
    return startRun(place.body, place.key, this.format.name, options);
  }

  #read(response: Response, connection: Connection): AsyncGenerator<Frame, void> {
    const { read, mediaType, hasPings } = this.format;
    const told = response.headers.get("Content-Type") ?? mediaType;
    if (!response.body || !told.startsWith(mediaType)) throw new Error(`The answer is ${told}, not ${mediaType}.`);
    if (!hasPings) connection.endWatch();
    return read(chunksOf(response.body), { heard: connection.heard, retry: this.retries.advise });
  }

  *#know(runId: string | null): Generator<Frame, void> {
    if (runId === null || "runId" in this.#place) return;
    this.#place = { runId, after: null };
    yield knownAs(runId);
  }

  /** Moves the cursor. Raises where events are missing between it and the frame. */
  #isNew({ event, id }: Frame): boolean {
    if (id === undefined || !("runId" in this.#place)) return true;
    const { runId, after } = this.#place;
    if (event !== "gap") {
      if (isSeen(id, after)) return false;
      const missing = seqOf(id) - (after === null ? 0 : seqOf(after)) - 1;
      if (missing > 0) throw new Error(`${missing} events are missing before ${id}.`);
    }
    this.#place = { runId, after: id };
    this.retries.progressed();
    return true;
  }

  /** Nothing is left to read: the run itself says how it ended, or that it waits. */
  async *#ended(options: ClientOptions): AsyncGenerator<Frame, void> {
    if (!("runId" in this.#place)) return;
    const { runId, after } = this.#place;
    const last = lastFrameOf(await getRun(runId, options), after ?? `${runId}.0.0`);
    if (last) yield last;
  }
}

function knownAs(run_id: string): Frame {
  return { event: "known", data: { run_id } };
}

/** Whether the next connection may do better: what broke may, what was refused may not. */
function passes(error: unknown): boolean {
  return !(error instanceof ProblemError) || PASSING.has(error.status);
}
