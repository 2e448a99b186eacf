/** A fenced code block that is not closed yet: what comes is written on, and nothing is read twice. */

const OPENING = /^(`{3,}|~{3,})[ \t]*(?:([\w+#.-]+)(?:[ \t][^\n`\\&]*)?)?\n/;

/** The fence with which this text begins and does not end, or null; `blockOf(language)` makes its block. */
export function openFence(text, blockOf) {
  const opening = OPENING.exec(text);
  if (!opening) return null;
  const [line, marks, language = ""] = opening;
  if (closingOf(marks, "m").test(text.slice(line.length))) return null;
  const fence = new OpenFence(marks, blockOf(language));
  fence.take(text.slice(line.length));
  return fence;
}

class OpenFence {
  #closing;
  #isFirst = true;
  #isCode = false;
  #line = "";

  constructor(marks, block) {
    this.#closing = closingOf(marks, "");
    this.block = block;
  }

  /** Write what is code. Returns what comes after the fence, or null while it is open. */
  take(text) {
    for (let at = 0; at < text.length; ) {
      const end = text.indexOf("\n", at);
      const whole = end >= 0;
      const piece = text.slice(at, whole ? end : undefined);
      if (this.#isCode) this.block.append(piece);
      else if (this.#takeUndecided(piece, whole)) return text.slice(end);
      if (!whole) return null;
      this.#isCode = false;
      at = end + 1;
    }
    return null;
  }

  /** More of a line that may be the closing one; whether it is. */
  #takeUndecided(piece, whole) {
    this.#line += piece;
    const closes = this.#closing.test(this.#line);
    if (closes && whole) {
      this.block.tail = "";
      return true;
    }
    if (!whole && /^ {0,3}[`~]* *$/.test(this.#line)) {
      this.block.tail = closes || this.#line === "" ? "" : this.#broken(this.#line);
      return false;
    }
    this.block.tail = "";
    this.block.append(this.#broken(this.#line));
    this.#isFirst = false;
    this.#isCode = true;
    this.#line = "";
    return false;
  }

  #broken(line) {
    return this.#isFirst ? line : `\n${line}`;
  }
}

function closingOf(marks, flags) {
  return new RegExp(`^ {0,3}${marks}[\`~]* *$`, flags);
}
