/** The requests about one run beside its stream. What the service refuses is thrown as a Refusal. */

import { refusalOf } from "./refusal.js";
import { asked, posting, request } from "./requests.js";

/** Start a run; asked again with the same `key`, it is the same run. Gives its id. */
export async function startRun(body, key, signal) {
  const headers = { "Idempotency-Key": key };
  const { run_id: runId } = await asked("runs", { ...posting(body, headers), signal });
  return runId;
}

/** Where a run's events are from a cursor, or from its start; with a `token` for those that can show no key. */
export function eventsUrl(runId, after, token = null) {
  const query = new URLSearchParams({ ...(after && { after }), format: "events", ...(token && { token }) });
  return `runs/${runId}/events?${query}`;
}

/** Whether a run has events after a cursor, or may yet have: an EventSource does not say why it was refused. */
export async function hasMore(runId, after) {
  const options = { headers: { Accept: "text/event-stream" }, cache: "no-store" };
  const response = await request(eventsUrl(runId, after), options);
  if (response.status === 204) return false;
  if (!response.ok) throw await refusalOf(response);
  await response.body.cancel();
  return true;
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
