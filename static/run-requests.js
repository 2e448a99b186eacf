/**
 * The requests about one run beside its stream. What the service refuses is thrown as a Refusal.
 *
 * Their addresses are relative to the page's, as everywhere here: the service may be mounted under a prefix.
 */

export class Refusal extends Error {
  /** A stable `code` and a sentence; `status` is HTTP's. */
  constructor(status, code, detail) {
    super(detail);
    Object.assign(this, { status, code, detail });
  }
}

/** Where a run's events are from a cursor. */
export function eventsUrl(runId, after) {
  return `runs/${runId}/events?${new URLSearchParams({ after, format: "events" })}`;
}

export function runOf(runId) {
  return asked(`runs/${runId}`);
}

export function cancelRun(runId) {
  return asked(`runs/${runId}/cancel`, { method: "POST" });
}

/** Answer an interrupt with one decision for each of its requests; gives the run with its open `approvals`. */
export function decide(runId, interruptId, decisions) {
  return asked(`runs/${runId}/approvals/${encodeURIComponent(interruptId)}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ decisions }),
  });
}

/** The terminal event of a run, from what `runOf` says of it; null if it has not ended. */
export function endOf(run) {
  if (run.status === "succeeded") return ["done", run];
  if (run.status === "failed") return ["error", run.error ?? { code: "unknown", message: "The run failed." }];
  return run.status === "cancelled" ? ["cancelled", { ...run, reason: run.cancel_reason }] : null;
}

async function asked(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw await refusalOf(response);
  return response.json();
}

/** Problem JSON where the service wrote it, whatever else a proxy says. */
export async function refusalOf(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? `The service answered ${response.status}.`;
  return new Refusal(response.status, problem.code ?? `http_${response.status}`, detail);
}
