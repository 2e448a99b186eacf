/** Server-Sent Events of a response as frames. */

import { createParser } from "eventsource-parser";

import { frameOf, type Frame } from "./events.js";
import type { Reader } from "./reader.js";

/** Each frame once it is whole; what a cut left of one is dropped. Pings are heard and make no frame. */
export const readSSE: Reader = async function* (chunks, { heard, retry }) {
  let frames: Frame[] = [];
  const parser = createParser({
    onEvent: ({ event = "message", data, id }) => {
      if (event !== "ping") frames.push(frameOf(event, JSON.parse(data), id));
    },
    onRetry: retry,
  });
  const decoder = new TextDecoder();
  for await (const chunk of chunks) {
    heard();
    parser.feed(decoder.decode(chunk, { stream: true }));
    const whole = frames;
    frames = [];
    yield* whole;
  }
};
