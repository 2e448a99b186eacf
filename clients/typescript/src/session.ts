/**
 * One conversation's current run, for whoever shows it: started, followed, cancelled, resumed; without any React.
 *
 * What is shown changes at most once for each frame that is drawn. After `leave` nothing is told any more.
 */

import { CancelledError } from "./errors.js";
import type { RunOptions } from "./events.js";
import { follow, type Place } from "./follow.js";
import { Fold, type ChatState } from "./fold.js";
import { FrameClock } from "./frame-clock.js";
import { newKey } from "./idempotency-key.js";
import type { ChatOptions } from "./options.js";
import { cancelRun, checkAddress } from "./requests.js";
import { tellAll } from "./telling.js";

/** The run as it is shown. `error` is why it did not succeed; one that its user cancelled has none. */
export interface SessionState extends ChatState {
  readonly isStreaming: boolean;
  readonly error: Error | null;
}

export interface SessionOptions extends Omit<ChatOptions, "signal" | "idempotencyKey"> {
  /** Each piece of the answer. */
  readonly onToken?: ((text: string) => void) | undefined;
  /** The run succeeded, waits for a person, or was cancelled by its user: `status` says which. */
  readonly onDone?: ((state: ChatState) => void) | undefined;
  readonly onError?: ((error: Error) => void) | undefined;
}

/** A stream that is read now. */
interface Reading {
  readonly fold: Fold;
  readonly controller: AbortController;
  /** A run that is started, and so not known from the beginning. */
  readonly isStart: boolean;
  isCancelled: boolean;
}

export class Session {
  /** Those of the newest render. */
  options: SessionOptions;
  #fold = new Fold();
  #reading: Reading | null = null;
  #visits = 0; // what was begun before it moved on is not for whoever looks now
  #error: Error | null = null;
  #shown: SessionState;
  #listeners = new Set<() => void>();
  #clock = new FrameClock(() => this.#publish());

  constructor(options: SessionOptions) {
    this.options = options;
    this.#shown = this.#read();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The same object until something has changed. */
  readonly snapshot = (): SessionState => this.#shown;

  /** Ask; a run that still goes on is cancelled. Resolves at the end, whatever that is. */
  readonly send = (message: string, run: RunOptions = {}): Promise<void> => {
    this.#abandon();
    const body = { ...this.options.run, ...run, input: message };
    return this.#follow({ body, key: newKey() }, new Fold());
  };

  /** Go on with the run after what is shown; with another run's id, read that from its start. */
  readonly resume = async (runId?: string): Promise<void> => {
    const { runId: last, lastEventId } = this.#fold.state;
    const known = runId ?? last;
    if (known === null || (this.#reading && runId === undefined)) return;
    this.leave();
    const goesOn = known === last;
    const place = { runId: known, after: goesOn ? lastEventId : null };
    await this.#follow(place, goesOn ? this.#fold : new Fold());
  };

  /** Cancel the run on the service; what it has said stays. One that only waits is cancelled too. */
  readonly cancel = (): void => {
    const { runId, status } = this.#fold.state;
    if (this.#reading) {
      if (this.#reading.isCancelled) return;
      this.#reading.isCancelled = true;
      if (runId !== null) void this.#cancelRun(runId, this.#reading);
    } else if (runId !== null && status === "waiting") {
      void this.#cancelWaiting(runId);
    }
  };

  /** As before the first message; a run that still goes on is cancelled. */
  readonly reset = (): void => {
    this.#abandon();
    this.#fold = new Fold();
    this.#error = null;
    this.#clock.now();
  };

  /** Read no more. The service cancels a run that has had no reader for its grace; until then it can be resumed. */
  readonly leave = (): void => {
    const reading = this.#reading;
    this.#reading = null;
    this.#visits++;
    this.#clock.stop();
    this.#shown = this.#read(); // told to nobody: who leaves is gone, or tells what comes next
    reading?.controller.abort();
  };

  #abandon(): void {
    const reading = this.#reading;
    const { runId } = this.#fold.state;
    this.leave();
    if (!reading || reading.isCancelled || runId === null) return;
    void cancelRun(runId, this.options).catch(() => undefined); // without a reader it is cancelled anyway
  }

  /** Nothing is read of it until it has stopped. */
  async #cancelWaiting(runId: string): Promise<void> {
    const visits = this.#visits;
    const error = await cancelRun(runId, this.options).then(() => null, asError);
    if (visits !== this.#visits) return;
    if (error === null) return this.#follow({ runId, after: this.#fold.state.lastEventId }, this.#fold, true);
    this.#error = error;
    this.#clock.now();
    this.options.onError?.(error);
  }

  async #follow(place: Place, fold: Fold, isCancelled = false): Promise<void> {
    const reading: Reading = { fold, controller: new AbortController(), isStart: "key" in place, isCancelled };
    this.#visits++;
    this.#reading = reading;
    this.#fold = fold;
    this.#error = null;
    this.#clock.now();
    const error = await this.#readAll(place, reading);
    if (this.#reading !== reading) return;
    this.#reading = null;
    const isWanted = error === null || (error instanceof CancelledError && reading.isCancelled);
    this.#error = isWanted ? null : error;
    this.#clock.now();
    if (this.#error) this.options.onError?.(this.#error);
    else this.options.onDone?.(fold.state);
  }

  /** Resolves with what ended it, null where it came to its end. */
  async #readAll(place: Place, reading: Reading): Promise<Error | null> {
    const { signal } = reading.controller;
    const options = { ...this.options, signal, onReconnect: this.#reconnecting(reading) };
    try {
      checkAddress(options);
      await tellAll(follow(place, "events", options), reading.fold, (text) => this.options.onToken?.(text), {
        onRun: (runId) => this.#known(runId, reading),
        onReplace: (content) => this.options.onReplace?.(content),
        onEvent: (event) => {
          this.#clock.soon();
          this.options.onEvent?.(event);
        },
      });
      return null;
    } catch (error) {
      return asError(error);
    }
  }

  #known(runId: string, reading: Reading): void {
    this.#clock.soon();
    this.options.onRun?.(runId);
    if (reading.isStart && reading.isCancelled) void this.#cancelRun(runId, reading);
  }

  /** A start that was cancelled is not asked for again: had it begun all the same, it has no reader. */
  #reconnecting(reading: Reading): (cause: unknown, delay: number) => void {
    return (cause, delay) => {
      if (reading.isCancelled && reading.fold.state.runId === null) throw new CancelledError("user");
      this.options.onReconnect?.(cause, delay);
    };
  }

  /** Where that fails, nothing more is read, and it is told why. */
  async #cancelRun(runId: string, reading: Reading): Promise<void> {
    try {
      await cancelRun(runId, this.options);
    } catch (error) {
      reading.controller.abort(error);
    }
  }

  #publish(): void {
    this.#shown = this.#read();
    for (const listener of this.#listeners) listener();
  }

  #read(): SessionState {
    return { ...this.#fold.state, isStreaming: this.#reading !== null, error: this.#error };
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
