/**
 * Pure: what a run waits for a person for, as parts of transcript.js's state.
 *
 * Part: {kind: "approval", interruptId, value, requests, status, decisions, problem}; status is open, sending,
 * decided (here, by `decisions`), elsewhere (by someone else) or closed (the run ended undecided). While it is open
 * `problem` is the sentence with which the service refused the decisions.
 */

/** One more interrupt. */
export function asked(run, { interrupt_id: interruptId, value, requests }) {
  const part = { kind: "approval", interruptId, value, requests, status: "open", decisions: null, problem: null };
  const at = pendingAt(run, interruptId);
  const parts = run.parts.slice();
  parts[at < 0 ? parts.length : at] = part;
  return { ...run, status: "waiting", parts };
}

/** The run waits for the interrupts of these ids, and for what is not among them no more. */
export function waitsFor(run, ids) {
  const wait = (part) => {
    if (part.kind !== "approval" || part.status === "decided") return part;
    if (ids.includes(part.interruptId)) return part.status === "elsewhere" ? { ...part, status: "open" } : part;
    return isPending(part) ? { ...part, status: "elsewhere", problem: null } : part;
  };
  return { ...run, status: "waiting", parts: run.parts.map(wait) };
}

/** The run waits for these interrupts, of which some may not have been shown. */
export function caughtUp(run, approvals) {
  const shown = new Set(run.parts.map(({ interruptId }) => interruptId));
  const missed = approvals.filter(({ interrupt_id: id }) => !shown.has(id));
  return missed.reduce(
    asked,
    waitsFor(run, approvals.map(({ interrupt_id: id }) => id)),
  );
}

/** The decisions are on their way. */
export function sending(run, interruptId, decisions) {
  return changed(run, interruptId, { status: "sending", decisions, problem: null });
}

/** The service took the decisions. */
export function decided(run, interruptId, decisions) {
  return changed(run, interruptId, { status: "decided", decisions, problem: null });
}

/** The service refused the decisions: there are others to be made. */
export function undecided(run, interruptId, problem) {
  return changed(run, interruptId, { status: "open", decisions: null, problem });
}

/** Something else happened in the run, so nothing waits any more. */
export function goneOn(run) {
  return run.status === "waiting" ? { ...settled(run, "elsewhere"), status: "running" } : run;
}

/** The run ended; what nobody decided stays so. */
export function closed(run) {
  return settled(run, "closed");
}

function isPending({ kind, status }) {
  return kind === "approval" && (status === "open" || status === "sending");
}

function pendingAt({ parts }, interruptId) {
  return parts.findLastIndex((part) => isPending(part) && part.interruptId === interruptId);
}

function changed(run, interruptId, change) {
  const at = pendingAt(run, interruptId);
  if (at < 0) return run;
  return { ...run, parts: run.parts.with(at, { ...run.parts[at], ...change }) };
}

function settled(run, status) {
  const settle = (part) => (isPending(part) ? { ...part, status, problem: null } : part);
  return { ...run, parts: run.parts.map(settle) };
}
