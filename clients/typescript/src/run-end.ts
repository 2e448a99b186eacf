/** How a run ended, or that it waits, as the last frame of its stream, from what the run itself says. */

import type { Frame, Run, Usage } from "./events.js";

const NO_USAGE: Usage = {
  input_tokens: 0,
  output_tokens: 0,
  total_tokens: 0,
  cached_tokens: 0,
  reasoning_tokens: 0,
  cost_usd: null,
};
const UNKNOWN: NonNullable<Run["error"]> = {
  code: "unknown",
  message: "The run failed.",
  fault: "service",
  retryable: false,
};

/** Null of a run that goes on. The reader has had all events up to this `id`. */
export function lastFrameOf(run: Run, id: string): Frame | null {
  const { output, duration_ms, blocked } = run;
  const ended = { t: duration_ms ?? 0, duration_ms: duration_ms ?? 0, usage: run.usage ?? NO_USAGE, blocked };
  switch (run.status) {
    case "waiting": {
      const { approvals } = run;
      return { event: "paused", data: { interrupt_ids: approvals.map((asked) => asked.interrupt_id), approvals } };
    }
    case "succeeded": {
      const { ttft_ms, finish_reason } = run;
      return { event: "done", data: { ...ended, output, ttft_ms, finish_reason: finish_reason ?? "stop" }, id };
    }
    case "failed": {
      const failure = run.error ?? UNKNOWN;
      return { event: "error", data: { ...failure, t: ended.t, blocked }, id };
    }
    case "cancelled":
      return {
        event: "cancelled",
        data: { ...ended, output: String(output ?? ""), reason: run.cancel_reason ?? "user" },
        id,
      };
    default:
      return null;
  }
}
