/** What the last frame of a run comes to: nothing where it succeeded or waits, else the error that it is. */

import { CancelledError, RunError, type ChainstreamError } from "./errors.js";
import type { Frame } from "./events.js";

export function failureOf(frame: Frame): ChainstreamError | null {
  if (frame.event === "error") return new RunError(frame.data);
  return frame.event === "cancelled" ? new CancelledError(frame.data.reason) : null;
}
