/** What the service says where it does not do what it is asked. */

const LONGEST_WAIT = 120_000; // milliseconds; who is told to come back later than that is told so

export class Refusal extends Error {
  /** A stable `code` and a sentence; `status` is HTTP's, `retryAfter` milliseconds, 0 where none were told. */
  constructor(status, code, detail, retryAfter = 0) {
    super(detail);
    Object.assign(this, { status, code, detail, retryAfter });
  }

  /** Whether the same request may be taken later, and soon enough to wait for it. */
  get passes() {
    return (this.status >= 500 || this.status === 429) && this.retryAfter <= LONGEST_WAIT;
  }
}

/** Problem JSON where the service wrote it, whatever else a proxy says. */
export async function refusalOf(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = problem.detail ?? `The service answered ${response.status}.`;
  const code = problem.code ?? `http_${response.status}`;
  return new Refusal(response.status, code, detail, Number(response.headers.get("Retry-After")) * 1_000 || 0);
}
