/** How a client reaches its service, and how patient it is. */

import type { RunEvent, RunOptions } from "./events.js";

type Fetch = typeof fetch;
type Headers_ = Readonly<Record<string, string>>;

export interface ClientOptions {
  /** The service's address, with the path that it is mounted at; without it, the page's own origin. */
  readonly baseUrl?: string | undefined;
  /** Sent as `Authorization: Bearer …`: a key, a JWT, or a token of one run to resume that. */
  readonly apiKey?: string | undefined;
  /** Headers of each request, or what makes them anew for each. */
  readonly headers?: Headers_ | (() => Headers_ | Promise<Headers_>) | undefined;
  /** In place of the global one: to go through a proxy, or to send cookies. */
  readonly fetch?: Fetch | undefined;
  /** Ends the stream; the service cancels a run that has had no reader for its grace (10 s). */
  readonly signal?: AbortSignal | undefined;
}

export interface PatienceOptions {
  /** Connections in a row that may bring nothing new before a stream is given up: 8. */
  readonly retries?: number | undefined;
  /** Milliseconds before the first of these: 500, or what the service says by `retry:`. It doubles each time. */
  readonly firstDelay?: number | undefined;
  /** The longest of these, in milliseconds: 10,000. What asks for more is not waited for. */
  readonly longestDelay?: number | undefined;
  /** Milliseconds of silence after which a connection is dead: 37,500, two and a half pings; 0 is for ever. */
  readonly silence?: number | undefined;
  /** The connection broke, and is opened again after so many milliseconds. */
  readonly onReconnect?: ((cause: unknown, delay: number) => void) | undefined;
}

export interface TellingOptions {
  /** Forget what was told: the answer so far is this. A model failed and another goes on, or events were lost. */
  readonly onReplace?: ((content: string) => void) | undefined;
  /** Each event of the run, once and in order. */
  readonly onEvent?: ((event: RunEvent) => void) | undefined;
  /** The run has begun, or was found, under this id. */
  readonly onRun?: ((runId: string) => void) | undefined;
}

export interface StreamOptions extends ClientOptions, PatienceOptions, TellingOptions {}

export interface ChatOptions extends StreamOptions {
  /** The run's chain, model, thread, parameters: what `POST /runs` takes beside the input. */
  readonly run?: RunOptions | undefined;
  /** A request that is sent again with the same key is the same run; without it, a new one. */
  readonly idempotencyKey?: string | undefined;
}
