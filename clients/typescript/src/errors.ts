/**
 * What can go wrong, each with a stable `code`:
 *
 * ChainstreamError
 * ├── ProblemError       the service refused a request (RFC 9457), or a socket's message
 * ├── RunError           the run failed, and said why
 * ├── CancelledError     the run was cancelled before its end
 * ├── TruncatedError     the stream broke off, and the rest could not be had: resume from `state.lastEventId`
 * └── UnreachableError   the service did not answer, or not as it should, and no run is known
 *
 * What is wrong with a call itself is a TypeError, and an abort throws what the signal was aborted with.
 */

import type { EventData, Schemas } from "./events.js";
import type { ChatState } from "./fold.js";

export type Problem = Schemas["Problem"];
export type Fault = EventData["error"]["fault"];

export class ChainstreamError extends Error {
  override readonly name: string = "ChainstreamError";
  /** What the run had told by then; null where none had begun. */
  state: ChatState | null = null;

  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export class ProblemError extends ChainstreamError {
  override readonly name = "ProblemError";
  /** HTTP's; of a socket, which has none, that of its close, or 0. */
  readonly status: number;
  readonly requestId: string | null;
  /** Milliseconds after which the same request may be taken; null where none were told. */
  readonly retryAfter: number | null;
  /** The whole problem, with the fields that its code has besides. */
  readonly problem: Partial<Problem>;

  constructor(problem: Partial<Problem> & { code: string; detail: string; status: number }, retryAfter: number | null = null) {
    super(problem.code, problem.detail);
    this.status = problem.status;
    this.requestId = problem.request_id ?? null;
    this.retryAfter = retryAfter;
    this.problem = problem;
  }
}

export class RunError extends ChainstreamError {
  override readonly name = "RunError";
  /** Whose fault it was; null over a WebSocket, which does not say. */
  readonly fault: Fault | null;
  /** Whether the same request may succeed later; null over a WebSocket. */
  readonly retryable: boolean | null;

  constructor({ code, message, fault, retryable }: { code: string; message: string; fault?: Fault; retryable?: boolean }) {
    super(code, message);
    this.fault = fault ?? null;
    this.retryable = retryable ?? null;
  }
}

export class CancelledError extends ChainstreamError {
  override readonly name = "CancelledError";

  constructor(readonly reason: EventData["cancelled"]["reason"]) {
    super("cancelled", `The run was cancelled (${reason}).`);
  }
}

export class TruncatedError extends ChainstreamError {
  override readonly name = "TruncatedError";

  constructor(options: ErrorOptions) {
    super("truncated", "The stream broke off before the run's end, and could not be resumed.", options);
  }
}

export class UnreachableError extends ChainstreamError {
  override readonly name = "UnreachableError";

  constructor(options: ErrorOptions) {
    super("unreachable", "The service cannot be reached.", options);
  }
}
