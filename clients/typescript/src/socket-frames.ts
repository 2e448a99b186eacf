/** Pure: what a WebSocket's messages say, as frames; and what it refuses. */

import { ProblemError } from "./errors.js";
import { frameOf, type Frame } from "./events.js";

/** A run that was not begun or found, or a message that could not be done, has no id. */
export type Heard = { readonly frame: Frame } | { readonly refusal: ProblemError };

/** Codes of refusals that pass: the same message is taken later. */
const PASSING: ReadonlySet<string> = new Set([
  "draining",
  "history_unavailable",
  "issuer_unavailable",
  "keys_unavailable",
  "not_begun",
  "rate_limited",
  "too_many_runs",
  "too_many_streams",
]);

/** Raises SyntaxError where it is no message of the service. */
export function heardIn(text: unknown): Heard {
  const { type, id, ...data } = JSON.parse(String(text)) as { type: string; id?: string };
  if (type !== "error") return { frame: frameOf(type, data, id) };
  const { error: code, message } = data as unknown as { error: string; message: string };
  if (id === undefined) return { refusal: new ProblemError({ code, detail: message, status: 0 }) };
  return { frame: frameOf("error", { code, message }, id) };
}

export function passes(refusal: ProblemError): boolean {
  return PASSING.has(refusal.code);
}

/** Why a socket was closed for good; null where the next one may be let in. */
export function refusalOf({ code, reason }: { code: number; reason: string }): ProblemError | null {
  const detail = DETAILS[code];
  return detail === undefined ? null : new ProblemError({ code: reason || `closed_${code}`, detail, status: code });
}

const DETAILS: Readonly<Record<number, string>> = {
  1009: "The message is larger than the service takes.",
  4401: "The service asks for a key, and was shown none that is good.",
  4403: "The socket may not be used from here, or with this key.",
};
