/** The service that the tests are run against, and the networks before it. */

import { WebSocket } from "ws";

import { Fold, WebSocketChat, type ChainstreamError, type ChatState, type Frame, type SocketRunOptions } from "../src/index.js";

/** `http://…` of the service itself; of one that asks for the key; of proxies that break, one for each transport. */
export const SERVICE = given("SERVICE");
export const LOCKED = given("LOCKED");
export const KEY = given("KEY");
export const CUTS = Number(given("CUTS"));

export function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not given: tests/typescript_client runs these tests.`);
  return value;
}

/** The numbered model's whole answer. */
export function numbered(count: number): string {
  return Array.from({ length: count }, (_, at) => `run:${at + 1}; `).join("");
}

/** All events of a run, read in one piece from the service itself. */
export async function uncut(runId: string): Promise<{ events: Frame[]; state: ChatState }> {
  const lines = await (await fetch(`${SERVICE}/runs/${runId}/events?format=ndjson`)).text();
  const events = lines
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Frame);
  const fold = new Fold();
  for (const event of events) fold.apply(event);
  return { events, state: fold.state };
}

let names = 0;

/** A name that no other test has. */
export function fresh(): string {
  return `contract-${process.pid}-${++names}`;
}

/** Let the model go on that waits at this gate. */
export async function openGate(name: string): Promise<void> {
  const headers = { "Content-Type": "application/json" };
  await fetch(`${SERVICE}/runs/wait`, { method: "POST", headers, body: JSON.stringify({ chain: "opener", input: name }) });
}

export interface Talk {
  readonly chat: WebSocketChat;
  readonly tokens: string[];
  readonly end: () => Promise<{ state: ChatState; error: ChainstreamError | null }>;
}

/** A chat over a WebSocket, whose ends are awaited one by one. */
export function talking(base: string, options: ConstructorParameters<typeof WebSocketChat>[3] = {}): Talk {
  const tokens: string[] = [];
  const ends: { state: ChatState; error: ChainstreamError | null }[] = [];
  let wake = (): void => undefined;
  const chat = new WebSocketChat(
    `${base}/ws/contract`,
    (text) => void tokens.push(text),
    (state, error) => (ends.push({ state, error }), wake()),
    { WebSocket, firstDelay: 1, ...options },
  );
  const end: Talk["end"] = async () => {
    while (!ends.length) await new Promise<void>((resolve) => (wake = resolve));
    return ends.shift() as (typeof ends)[number];
  };
  return { chat, tokens, end };
}

/** The same ways to ask, over each transport: the state at the end, or the error. */
export async function asked(base: string, message: string, run: SocketRunOptions, apiKey?: string): Promise<ChatState> {
  const talk = talking(base, { apiKey });
  talk.chat.send(message, run);
  const { state, error } = await talk.end();
  talk.chat.close();
  if (error) throw error;
  return state;
}
