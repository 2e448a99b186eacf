/**
 * The requests about one run beside its stream. What the service refuses is thrown as a Refusal.
 *
 * Their addresses are relative to the page's, as everywhere here: the service may be mounted under a prefix.
 */

export class Refusal extends Error {
  /** A stable `code` and a sentence; `status` is HTTP's, `retryAfter` milliseconds, 0 where none were told. */
  constructor(status, code, detail, retryAfter = 0) {
    super(detail);
    Object.assign(this, { status, code, detail, retryAfter });
  }

  /** Whether the same request may be taken later. */
  get passes() {
    return this.status >= 500 || this.status === 429;
  }
}

/** Start a run; asked again with the same `key`, it is the same run. Gives its id. */
export async function startRun(request, key, signal) {
  const headers = { "Idempotency-Key": key };
  const { run_id: runId } = await asked("runs", { ...posting(request, headers), signal });
  return runId;
}

/** Where a run's events are from a cursor, or from its start. */
export function eventsUrl(runId, after) {
  return `runs/${runId}/events?${new URLSearchParams({ ...(after && { after }), format: "events" })}`;
}

export function runOf(runId) {
  return asked(`runs/${runId}`);
}

/** Goes on to be asked when the page is left. */
export function cancelRun(runId) {
  return asked(`runs/${runId}/cancel`, { method: "POST", keepalive: true });
}

/** Answer an interrupt with one decision for each of its requests; gives the run with its open `approvals`. */
export function decide(runId, interruptId, decisions) {
  return asked(`runs/${runId}/approvals/${encodeURIComponent(interruptId)}`, posting({ decisions }));
}

/** The terminal event of a run, from what `runOf` says of it; null if it has not ended. */
export function endOf(run) {
  if (run.status === "succeeded") return ["done", run];
  if (run.status === "failed") return ["error", run.error ?? { code: "unknown", message: "The run failed." }];
  return run.status === "cancelled" ? ["cancelled", { ...run, reason: run.cancel_reason }] : null;
}

export function posting(body, headers = {}, method = "POST") {
  const json = { "Content-Type": "application/json", Accept: "application/json" };
  return { method, headers: { ...json, ...headers }, body: JSON.stringify(body) };
}

/** The JSON of an answer, null of one without. */
export async function asked(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw await refusalOf(response);
  return response.status === 204 ? null : response.json();
}

/** Problem JSON where the service wrote it, whatever else a proxy says. */
export async function refusalOf(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? `The service answered ${response.status}.`;
  const code = problem.code ?? `http_${response.status}`;
  return new Refusal(response.status, code, detail, Number(response.headers.get("Retry-After")) * 1_000 || 0);
}
