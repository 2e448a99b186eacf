/** The answer's tokens, one message at a time: what a parallel model writes waits for its turn, as in the service. */

export interface Due {
  readonly messageId: string;
  readonly text: string;
}

export class AnswerOrder {
  #speaking: string | null = null;
  #waiting = new Map<string, string>();
  #ended = new Set<string>();

  /** What is to be shown with a token: itself, or nothing yet. */
  token(messageId: string, text: string): Due[] {
    this.#speaking ??= messageId;
    if (messageId === this.#speaking) return [{ messageId, text }];
    this.#waiting.set(messageId, (this.#waiting.get(messageId) ?? "") + text);
    return [];
  }

  /** With the end of the message that speaks: those that ended meanwhile whole, then the next one, which speaks. */
  messageEnd(messageId: string): Due[] {
    if (messageId !== this.#speaking) {
      if (this.#waiting.has(messageId)) this.#ended.add(messageId);
      return [];
    }
    this.#speaking = null;
    const due: Due[] = [];
    for (const [waiting, text] of this.#waiting) {
      this.#waiting.delete(waiting);
      due.push({ messageId: waiting, text });
      if (this.#ended.delete(waiting)) continue;
      this.#speaking = waiting;
      break;
    }
    return due;
  }

  /** A message that only waited counts no more. */
  withdraw(messageId: string): void {
    this.#waiting.delete(messageId);
    this.#ended.delete(messageId);
  }

  /** What still waits at the run's end. */
  rest(): Due[] {
    const due = [...this.#waiting].map(([messageId, text]) => ({ messageId, text }));
    this.#waiting.clear();
    return due;
  }
}
