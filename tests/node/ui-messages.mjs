// Streams that are given in a file, read by `ai` itself: whether it takes each, and makes the same message of it.

import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

import { DefaultChatTransport, readUIMessageStream } from "ai";

import { runAll, test } from "./cases.mjs";

const [, , , file] = process.argv;

async function read(body, pieces) {
  const bytes = new TextEncoder().encode(body);
  const chunks = Array.from({ length: pieces }, (_, at) =>
    bytes.subarray(Math.floor((bytes.length * at) / pieces), Math.floor((bytes.length * (at + 1)) / pieces)),
  );
  const transport = new DefaultChatTransport({ fetch: async () => new Response(ReadableStream.from(chunks)) });
  const stream = await transport.sendMessages({ chatId: "c", messages: [], trigger: "submit-message" });
  const errors = [];
  let last;
  const onError = (error) => errors.push(error);
  for await (const message of readUIMessageStream({ stream, onError })) last = message;
  return { message: JSON.parse(JSON.stringify(last)), errors: errors.map((error) => error.message) };
}

test("every stream is taken whole, and its message is the one that the service keeps", async () => {
  let count = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const { number, body, message, errors } = JSON.parse(line);
    const got = await read(body, 1 + (number % 7));
    assert.deepEqual(got.errors, errors, `case ${number}`);
    if (message !== null) assert.deepEqual(got.message, message, `case ${number}`);
    count += 1;
  }
  assert.ok(count > 50);
});

await runAll();
