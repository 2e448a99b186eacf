/** A text that comes in pieces, of which some may be withdrawn. */

interface Piece {
  readonly messageId: string | null; // of the model call; a WebSocket does not say
  readonly seq: number;
  text: string;
}

export class Pieces {
  #pieces: Piece[] = [];
  #text = "";

  get text(): string {
    return this.#text;
  }

  add(messageId: string | null, seq: number, text: string): void {
    const last = this.#pieces.at(-1);
    if (last && messageId !== null && last.messageId === messageId) last.text += text;
    else this.#pieces.push({ messageId, seq, text });
    this.#text += text;
  }

  /** Drop what a message said, and of unnamed messages all from `discardFrom` on; tells whether there was any. */
  withdraw(messageId: string, discardFrom: number): boolean {
    const before = this.#text;
    this.#pieces = this.#pieces.filter((piece) => {
      return piece.messageId === null ? piece.seq < discardFrom : piece.messageId !== messageId;
    });
    this.#text = this.#pieces.map((piece) => piece.text).join("");
    return this.#text !== before;
  }

  clear(): void {
    this.#pieces = [];
    this.#text = "";
  }
}
