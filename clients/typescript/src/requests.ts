/** The requests that this client makes. Each throws ProblemError where the service refuses it. */

import type { Decision, Run, Schemas } from "./events.js";
import type { ClientOptions } from "./options.js";
import { problemOf } from "./problem.js";

export type StreamFormat = "events" | "ndjson";

/** Start a run and stream it; sent again with the same key, it is the same run. */
export function startRun(
  body: Schemas["RunBody"],
  key: string,
  format: StreamFormat,
  options: ClientOptions,
): Promise<Response> {
  return request(options, `/runs/stream?format=${format}`, { ...posting(body), headers: { "Idempotency-Key": key } });
}

/** A run's events after a cursor, or from its start. */
export function readRun(
  runId: string,
  after: string | null,
  format: StreamFormat,
  options: ClientOptions,
): Promise<Response> {
  const cursor = after === null ? "" : `&after=${encodeURIComponent(after)}`;
  return request(options, `${pathOf(runId)}/events?format=${format}${cursor}`, { cache: "no-store" });
}

/** A run with its status, output, usage and tools. */
export async function getRun(runId: string, options: ClientOptions = {}): Promise<Run> {
  return jsonOf(await request(options, pathOf(runId), { cache: "no-store" }));
}

/** Cancel a run; one that had ended is as it was. */
export async function cancelRun(runId: string, options: ClientOptions = {}): Promise<Run> {
  return jsonOf(await request(options, `${pathOf(runId)}/cancel`, { method: "POST", keepalive: true }));
}

/** Answer one approval of a waiting run, with a decision for each of its requests; then resume the run. */
export async function decide(
  runId: string,
  interruptId: string,
  decisions: readonly Decision[],
  options: ClientOptions = {},
): Promise<Run> {
  const path = `${pathOf(runId)}/approvals/${encodeURIComponent(interruptId)}`;
  return jsonOf(await request(options, path, posting({ decisions })));
}

/** Raises TypeError where the service's address is none: relative, outside of a page. */
export function checkAddress({ baseUrl = "" }: ClientOptions): void {
  const here = (globalThis as { location?: { href?: string } }).location?.href;
  new URL(`${baseUrl}/`, here);
}

async function request(options: ClientOptions, path: string, init: RequestInit): Promise<Response> {
  const { baseUrl = "", apiKey, headers = {}, signal = null } = options;
  const send = options.fetch ?? fetch;
  const own = typeof headers === "function" ? await headers() : headers;
  const shown = apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` };
  const asked = { ...init, signal, headers: { ...shown, ...own, ...contentOf(init), ...init.headers } };
  const response = await send(baseUrl.replace(/\/+$/, "") + path, asked);
  if (!response.ok) throw await problemOf(response);
  return response;
}

function posting(body: object): RequestInit {
  return { method: "POST", body: JSON.stringify(body) };
}

function contentOf(init: RequestInit): Record<string, string> {
  return init.body === undefined ? {} : { "Content-Type": "application/json" };
}

function pathOf(runId: string): string {
  return `/runs/${encodeURIComponent(runId)}`;
}

async function jsonOf(response: Response): Promise<Run> {
  return (await response.json()) as Run;
}
