/** Lines of JSON of a response as frames. */

import { frameOf } from "./events.js";
import type { Reader } from "./reader.js";

interface Line {
  readonly id?: string;
  readonly event: string;
  readonly data: unknown;
}

/** Each line once its end is there; what a cut left of one is dropped. */
export const readNDJSON: Reader = async function* (chunks, { heard }) {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    heard();
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const { event, data, id } = JSON.parse(line) as Line;
      yield frameOf(event, data, id);
    }
  }
};
