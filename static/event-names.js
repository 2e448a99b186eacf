/** The names of all frames that a stream of the format `events` can bring: an EventSource hears only what it names. */

export const EVENT_NAMES = Object.freeze([
  "run",
  "token",
  "reasoning",
  "tool_call",
  "message_end",
  "usage",
  "restart",
  "tool_start",
  "tool_progress",
  "tool_end",
  "tool_error",
  "step_start",
  "step_end",
  "sources",
  "custom",
  "partial",
  "approval",
  "done",
  "error",
  "cancelled",
]);

/** Frames that are not in a run's log, and have no number of their own. */
export const CONTROL_NAMES = Object.freeze(["ping", "paused", "gap"]);
