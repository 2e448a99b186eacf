/** A message sent, and its answer streamed over HTTP, to the run's end. */

import { follow, type Place } from "./follow.js";
import { Fold, type ChatState } from "./fold.js";
import { newKey } from "./idempotency-key.js";
import type { ChatOptions, StreamOptions } from "./options.js";
import { checkAddress, type StreamFormat } from "./requests.js";
import { tellAll, type OnToken } from "./telling.js";

/**
 * Ask, and read the answer as lines of JSON (`POST /runs/stream?format=ndjson`): the least that there is to parse.
 * Lines have no pings, so a connection that is dead without being closed is not noticed.
 *
 * Resolves with the run at its end, or where it waits for a person (`status`, `approvals`). Raises RunError where it
 * failed, CancelledError, TruncatedError, ProblemError, UnreachableError, and what the signal was aborted with.
 */
export function streamChat(message: string, onToken: OnToken, options: ChatOptions = {}): Promise<ChatState> {
  return ask(message, "ndjson", onToken, options);
}

/**
 * The same as Server-Sent Events (`POST /runs/stream`): with pings, by whose absence a dead connection is noticed and
 * opened again, and with the pauses that the service asks for by `retry:`. Unlike an EventSource it sends a POST, and
 * headers, and says why it was refused.
 */
export function streamChatSSE(message: string, onToken: OnToken, options: ChatOptions = {}): Promise<ChatState> {
  return ask(message, "events", onToken, options);
}

/** Where `resumeChat` goes on: after an event's id, else from the run's start. */
export interface ResumeOptions extends StreamOptions {
  readonly after?: string | null | undefined;
}

/** Go on with a run: after a cut that was given up, in a page that was loaded anew, once it waits no more. As SSE. */
export function resumeChat(runId: string, onToken: OnToken, options: ResumeOptions = {}): Promise<ChatState> {
  return told({ runId, after: options.after ?? null }, "events", onToken, options);
}

function ask(message: string, format: StreamFormat, onToken: OnToken, options: ChatOptions): Promise<ChatState> {
  const body = { ...options.run, input: message };
  return told({ body, key: options.idempotencyKey ?? newKey() }, format, onToken, options);
}

async function told(
  place: Place,
  format: StreamFormat,
  onToken: OnToken,
  options: StreamOptions,
): Promise<ChatState> {
  checkAddress(options);
  return tellAll(follow(place, format, options), new Fold(), onToken, options);
}
