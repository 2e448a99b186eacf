// A fetch for clients that take a stream which was cut for one that is over: its body is whole, or it fails.

const TRIES = 4; // in a row, that bring nothing new
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * `isLast` tells the frame with which a whole stream of the client's format ends. A connection that ends before it is
 * followed by the same request with the id of the last frame, which starts nothing and goes on from there.
 */
export function resuming(isLast) {
  return async (url, { headers, ...init }) => {
    let last = null;
    const connect = () => {
      const sent = new Headers(headers);
      if (last) sent.set("Last-Event-ID", last);
      return fetch(url, { ...init, headers: sent });
    };

    async function* bytes(response) {
      const encoder = new TextEncoder();
      for (let tries = 0; tries <= TRIES; tries++) {
        if (tries > 1) await pause(50 * 2 ** tries);
        try {
          response ??= await connect();
          if (response.status === 204) return; // nothing comes after the last frame
          if (!response.ok) throw new Error(`HTTP ${response.status}`);
          for await (const frame of framesOf(response.body)) {
            last = /^id: (.+)$/m.exec(frame)?.[1] ?? last;
            tries = 0;
            yield encoder.encode(frame);
            if (isLast(frame)) return;
          }
        } catch (error) {
          if (init.signal?.aborted) throw error;
        }
        response = null;
      }
      throw new Error("The stream was cut off, and could not be gone on with.");
    }

    const first = await connect();
    if (!first.ok || first.status === 204) return first;
    return new Response(ReadableStream.from(bytes(first)), { headers: first.headers });
  };
}

/** Whole frames, with the blank line that ends each; what a cut left of one is dropped. */
async function* framesOf(body) {
  let held = "";
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const frames = (held + text).split("\n\n");
    held = frames.pop();
    for (const frame of frames) yield `${frame}\n\n`;
  }
}
