/**
 * Reads an answer out for who cannot see it: whole sentences, some seconds of them at once, and the rest at its end.
 *
 * The log itself is silent, since what grows in it by the token would be read by the token.
 */

const BATCH = 3_000;
const SENTENCE_END = /[.!?…:]["'”’)\]]*\s+(?=\S)|[。！？]|\n+/g;
const MARKUP = /[*_`#>|~]+/g;

export class Announcer {
  #node;
  #text = "";
  #said = 0;
  #timer = 0;

  constructor(node) {
    this.#node = node;
  }

  /** Another answer begins; of one that was said before, nothing is said again. */
  begin(text = "") {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#text = text;
    this.#said = text.length;
    this.#node.replaceChildren();
  }

  /** The answer is this by now; shorter, where some of it was superseded: then what takes its place is said. */
  follow(text) {
    if (text.length < this.#text.length) this.#said = Math.min(this.#said, shared(text, this.#text));
    this.#text = text;
    if (text.length > this.#said) this.#timer ||= setTimeout(() => this.#sayBatch(), BATCH);
  }

  /** It becomes no longer. */
  end() {
    this.#say(this.#text.length);
  }

  #sayBatch() {
    this.#say(endOfSentences(this.#text, this.#said));
  }

  #say(upTo) {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const spoken = spokenOf(this.#text.slice(this.#said, upTo));
    this.#said = Math.max(this.#said, upTo);
    // Nothing is added to what is being read: each batch takes the place of the one before.
    if (spoken) this.#node.replaceChildren(spoken);
  }
}

/** How far two texts are the same. */
function shared(one, other) {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at;
}

/** Pure: how far a text from `start` on has whole sentences. */
export function endOfSentences(text, start) {
  let end = start;
  for (const found of text.slice(start).matchAll(SENTENCE_END)) end = start + found.index + found[0].length;
  return end;
}

/** Pure: without what Markdown draws with. */
export function spokenOf(text) {
  return text.replace(MARKUP, "").replace(/\s+/g, " ").trim();
}
