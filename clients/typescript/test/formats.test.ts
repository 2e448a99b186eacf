import { expect, test } from "vitest";

import type { Frame } from "../src/events.js";
import { readNDJSON } from "../src/ndjson.js";
import type { Reader } from "../src/reader.js";
import { readSSE } from "../src/sse.js";
import { begun, done, log, ndjson, OPENING, sse, token } from "./scripted.js";

const EVENTS = log(begun, token("👩‍🚀 data: x\n\nid: 7\r\n\u2028"), token(""), token("\0"), done({ "🦜": [1] }));
const FORMATS = [
  { name: "SSE", read: readSSE, text: `${OPENING}event: ping\ndata: {}\n\n: comment\n\n${sse(EVENTS)}` },
  { name: "NDJSON", read: readNDJSON, text: ndjson(EVENTS) },
];

async function framesIn(read: Reader, chunks: readonly Uint8Array[]): Promise<Frame[]> {
  const frames: Frame[] = [];
  const source = (async function* () {
    yield* chunks;
  })();
  for await (const frame of read(source, { heard: () => undefined, retry: () => undefined })) frames.push(frame);
  return frames;
}

test.each(FORMATS)("$name says the same however its bytes are split", async ({ read, text }) => {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at <= bytes.length; at++) {
    expect(await framesIn(read, [bytes.slice(0, at), bytes.slice(at)])).toEqual(EVENTS);
  }
  expect(await framesIn(read, [...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(EVENTS);
});

test.each(FORMATS)("$name that is cut has its whole frames and nothing of the next", async ({ read, text }) => {
  const bytes = new TextEncoder().encode(text);
  let most = 0;
  for (let at = 0; at <= bytes.length; at++) {
    const frames = await framesIn(read, [bytes.slice(0, at)]);
    expect(frames).toEqual(EVENTS.slice(0, frames.length));
    expect(frames.length).toBeGreaterThanOrEqual(most);
    most = frames.length;
  }
  expect(most).toBe(EVENTS.length);
});

test("a ping is a sign of life and no frame, and a pause that is asked for is told", async () => {
  const heard: string[] = [];
  const listener = { heard: () => heard.push("life"), retry: (delay: number) => heard.push(`retry ${delay}`) };
  const source = (async function* () {
    yield new TextEncoder().encode("retry: 1234\n\nevent: ping\ndata: {}\n\n");
  })();
  for await (const _ of readSSE(source, listener)) heard.push("frame");
  expect(heard).toEqual(["life", "retry 1234"]);
});
