/** The port of the streamed formats: the bytes of one response to frames. */

import type { Frame } from "./events.js";

/** Whom a reader tells what is no frame. */
export interface Listener {
  /** Something came, if only a ping: the connection lives. */
  readonly heard: () => void;
  /** The service says how many milliseconds to wait before the next connection. */
  readonly retry: (delay: number) => void;
}

export type Reader = (chunks: AsyncIterable<Uint8Array>, listener: Listener) => AsyncGenerator<Frame, void>;
