/** A response that is none of success as the error that it tells of. */

import { ProblemError, type Problem } from "./errors.js";

/** The service writes problem JSON; a proxy before it may say anything. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const { status } = response;
  const told: Partial<Problem> = await response.json().then(asObject, () => ({}));
  const code = typeof told.code === "string" ? told.code : `http_${status}`;
  const detail = typeof told.detail === "string" ? told.detail : `The service answered ${status}.`;
  return new ProblemError({ ...told, status, code, detail }, retryAfterOf(response));
}

function asObject(value: unknown): Partial<Problem> {
  return typeof value === "object" && value !== null ? value : {};
}

/** Seconds or a date, as milliseconds from now. */
function retryAfterOf(response: Response): number | null {
  const told = response.headers.get("Retry-After");
  if (told === null) return null;
  const seconds = Number(told);
  const wait = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(told) - Date.now();
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}
