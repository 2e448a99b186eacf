/** Frames as they come to the state that they make, told to a caller's functions on the way. */

import { ChainstreamError } from "./errors.js";
import { isLast, type Frame, type RunEvent } from "./events.js";
import type { ChatState, Fold } from "./fold.js";
import type { TellingOptions } from "./options.js";
import { failureOf } from "./outcome.js";

/** Gets the answer's text, piece by piece; where it returns a promise, no more is read until that is kept. */
export type OnToken = (text: string) => void | Promise<void>;

/** One frame: what it adds to the answer, or that this is another. */
export async function tell(fold: Fold, frame: Frame, onToken: OnToken, options: TellingOptions): Promise<void> {
  const { text, replaced } = fold.apply(frame);
  if (frame.event === "known") options.onRun?.(frame.data.run_id);
  if (isEvent(frame)) options.onEvent?.(frame);
  if (replaced) options.onReplace?.(fold.state.content);
  if (text) await onToken(text);
}

/** All of them, to the state at the end. Raises ChainstreamError where the run failed or was cut short. */
export async function tellAll(
  frames: AsyncIterable<Frame>,
  fold: Fold,
  onToken: OnToken,
  options: TellingOptions,
): Promise<ChatState> {
  try {
    for await (const frame of frames) {
      await tell(fold, frame, onToken, options);
      const failure = isLast(frame) ? failureOf(frame) : null;
      if (failure) throw failure;
    }
  } catch (error) {
    if (error instanceof ChainstreamError && fold.state.runId !== null) error.state = fold.state;
    throw error;
  }
  return fold.state;
}

/** Whether a frame is of the run's log. */
function isEvent(frame: Frame): frame is RunEvent {
  return !["known", "gap", "paused", "text"].includes(frame.event);
}
