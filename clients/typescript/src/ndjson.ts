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
  let rest: string[] = []; // of a line that may be megabytes long, and is looked through once
  for await (const chunk of chunks) {
    heard();
    const [first = "", ...more] = decoder.decode(chunk, { stream: true }).split("\n");
    rest.push(first);
    for (const next of more) {
      const { event, data, id } = JSON.parse(rest.join("")) as Line;
      rest = [next];
      yield frameOf(event, data, id);
    }
  }
};
