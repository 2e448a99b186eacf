/** The requests about threads, and about what is kept of runs. What the service refuses is thrown as a Refusal. */

import { asked, posting } from "./requests.js";

const PAGE = 30;
const FOUND = 20;

/** Threads, the one that was used last first; `after` is the `next` of the page before. */
export function threadsAfter(after = null) {
  return asked(`threads?${new URLSearchParams({ limit: PAGE, ...(after && { after }) })}`);
}

/** A thread with the runs of all its branches. */
export function threadOf(threadId) {
  return asked(`${path(threadId)}?all=1`);
}

export function renameThread(threadId, title) {
  return asked(path(threadId), posting({ title }, {}, "PATCH"));
}

export function deleteThread(threadId) {
  return asked(path(threadId), { method: "DELETE" });
}

/** What was asked and answered in one run, and in which thread. */
export function exchangeOf(runId) {
  return asked(`history/${encodeURIComponent(runId)}`);
}

/** Runs by what was asked and answered, the best first. */
export function search(query, offset, signal) {
  return asked(`search?${new URLSearchParams({ query, limit: FOUND, offset })}`, { signal });
}

function path(threadId) {
  return `threads/${encodeURIComponent(threadId)}`;
}
