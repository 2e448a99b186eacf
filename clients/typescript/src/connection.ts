/** One connection: ended from outside, by silence, or by whoever opened it. */

export class Connection {
  #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: number;
  #outer: AbortSignal | undefined;

  /** `silence` milliseconds without a sign of life end it; 0 is for ever. */
  constructor(outer: AbortSignal | undefined, silence: number) {
    this.#outer = outer;
    this.#silence = silence;
    if (outer?.aborted) this.#follow();
    else outer?.addEventListener("abort", this.#follow);
    this.heard();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A sign of life. */
  readonly heard = (): void => {
    clearTimeout(this.#timer);
    if (this.#silence) this.#timer = setTimeout(() => this.#die(), this.#silence);
  };

  /** From here on it may be silent: the format has no pings. */
  endWatch(): void {
    this.#silence = 0;
    clearTimeout(this.#timer);
  }

  close(): void {
    this.endWatch();
    this.#outer?.removeEventListener("abort", this.#follow);
    this.#controller.abort();
  }

  readonly #follow = (): void => this.#controller.abort(this.#outer?.reason);

  #die(): void {
    this.#controller.abort(new DOMException(`Nothing came for ${this.#silence} ms.`, "TimeoutError"));
  }
}

/** The chunks of a body; where it is left before its end, the connection is let go. */
export async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader(); // not every browser iterates a stream
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined); // a broken one cannot be cancelled
  }
}
