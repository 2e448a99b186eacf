/**
 * The frames of a turn as the browser got them, and what happened to its connection between them.
 *
 * Bounded by count and by size; the oldest go first, a tenth at a time, and how many went stays known.
 *
 * Frame: {number, id, event, data, at}; `number` counts from 1, `at` is milliseconds since the turn began. What happened
 * to the connection stands between them as a frame of the name CONNECTION.
 */

export const CONNECTION = "connection"; // no event of the protocol
export const MOST_FRAMES = 6_000;
export const MOST_CHARACTERS = 2_000_000;

export class FrameRecord {
  #began;
  #size = 0;
  frames = [];
  /** How many there are of each event name, in the order in which the names came. */
  counts = new Map();
  dropped = 0;

  constructor(began) {
    this.#began = began;
  }

  add({ id = "", event, data, at }) {
    const number = this.dropped + this.frames.length + 1;
    this.frames.push({ number, id, event, data, at: at - this.#began });
    this.#size += data.length;
    this.#count(event, 1);
    if (this.frames.length > MOST_FRAMES) this.#drop(MOST_FRAMES / 10);
    while (this.#size > MOST_CHARACTERS && this.frames.length > 1) this.#drop(Math.ceil(this.frames.length / 10));
  }

  #drop(count) {
    for (const { event, data } of this.frames.splice(0, count)) {
      this.#size -= data.length;
      this.#count(event, -1);
    }
    this.dropped += count;
  }

  #count(event, change) {
    this.counts.set(event, (this.counts.get(event) ?? 0) + change);
  }
}

/** The frames with one of these names, all if there are none, and this text in name, id or data. */
export function matching(frames, names, text) {
  const wanted = text.trim().toLowerCase();
  if (!names.size && !wanted) return frames;
  const has = (value) => value.toLowerCase().includes(wanted);
  return frames.filter(
    ({ id, event, data }) => (!names.size || names.has(event)) && (!wanted || has(event) || has(data) || has(id)),
  );
}

/** Frames as lines of JSON, like the format `ndjson`; data that is no JSON stays text. */
export function linesOf(frames) {
  return frames
    .filter(({ event }) => event !== CONNECTION)
    .map(({ id, event, data }) => `${JSON.stringify({ id, event, data: parsed(data) })}\n`)
    .join("");
}

export function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    return data;
  }
}
