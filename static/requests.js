/**
 * The way to the service: every request of the page, with the key where one is kept.
 *
 * What is refused for want of a key waits until there is one, and is then done again, once. Addresses are relative to
 * the page's, as everywhere here: the service may be mounted under a prefix.
 */

import { keptKey } from "./key.js";
import { refusalOf } from "./refusal.js";

let keyInsteadOf = async () => null;
let waiting = 0;

/** `ask(refused, isRead)` gives a key in the `refused` one's place, null where nobody gives one. */
export function askForKeysBy(ask) {
  keyInsteadOf = ask;
}

/** Whether a request waits for a key: then it is not the service that is slow. */
export function isKeyAwaited() {
  return waiting > 0;
}

/** As fetch. */
export async function request(path, options = {}) {
  const shown = keptKey();
  const response = await requestWith(shown, path, options);
  if (response.status !== 401) return response;
  waiting++;
  const key = await keyInsteadOf(shown, (options.method ?? "GET") === "GET");
  waiting--;
  return key === null ? response : requestWith(key, path, options);
}

/** With this key, whatever is kept, and refused without a question. */
export function requestWith(key, path, options = {}) {
  const authorization = key && { Authorization: `Bearer ${key}` };
  return fetch(path, { ...options, headers: { ...options.headers, ...authorization } });
}

/** The JSON of an answer, null of one without. Raises Refusal, or what fetch raises. */
export async function asked(path, options) {
  const response = await request(path, options);
  if (!response.ok) throw await refusalOf(response);
  return response.status === 204 ? null : response.json();
}

export function posting(body, headers = {}, method = "POST") {
  const json = { "Content-Type": "application/json", Accept: "application/json" };
  return { method, headers: { ...json, ...headers }, body: JSON.stringify(body) };
}
