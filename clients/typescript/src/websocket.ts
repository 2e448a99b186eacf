/** Chats over a WebSocket, one after the other; a socket that breaks is opened again, and the run goes on. */

import { isSeen, runIdOf } from "./cursor.js";
import { CancelledError, ChainstreamError, ProblemError, TruncatedError, UnreachableError } from "./errors.js";
import { isLast, type Frame, type Schemas } from "./events.js";
import { Fold, type ChatState } from "./fold.js";
import { newKey } from "./idempotency-key.js";
import type { PatienceOptions, TellingOptions } from "./options.js";
import { failureOf } from "./outcome.js";
import { Retries } from "./retries.js";
import { heardIn, passes, refusalOf } from "./socket-frames.js";
import { socketConstructor, socketUrl, type SocketConstructor, type SocketLike } from "./socket-like.js";

const NOT_RUNNING = "not_running"; // a cancel that came after the end

/** What a chat may be asked for beside its message. */
export type SocketRunOptions = Omit<Schemas["socket.chat"], "type" | "message" | "idempotency_key">;

export interface WebSocketChatOptions extends Omit<PatienceOptions, "silence">, Omit<TellingOptions, "onEvent"> {
  /** A key, shown as a subprotocol, since pages can set no header. */
  readonly apiKey?: string | undefined;
  /** In place of the global one, which Node.js has from 22 on. */
  readonly WebSocket?: SocketConstructor | undefined;
}

/** Gets the run as it is in the end, once for each `send`; with the error where it did not succeed. */
export type OnDone = (state: ChatState, error: ChainstreamError | null) => void;

/** One chat: what was asked, and how far it has been told. */
interface Turn {
  readonly asked: Schemas["socket.chat"] | null;
  readonly fold: Fold;
  readonly retries: Retries;
  wasSent: boolean;
  isCancelled: boolean;
}

export class WebSocketChat {
  #url: string;
  #onToken: (text: string) => void;
  #onDone: OnDone;
  #options: WebSocketChatOptions;
  #Socket: SocketConstructor;
  #socket: SocketLike | null = null;
  #isOpen = false;
  #isClosed = false;
  #turn: Turn | null = null;
  #last: Fold | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `url` is `/ws/{client_id}` of the service, the id any that you choose. The socket is opened with the first chat. */
  constructor(url: string, onToken: (text: string) => void, onDone: OnDone, options: WebSocketChatOptions = {}) {
    this.#url = socketUrl(url);
    this.#onToken = onToken;
    this.#onDone = onDone;
    this.#options = options;
    this.#Socket = socketConstructor(options.WebSocket);
  }

  /** The chat that goes on, else the last one; null before the first. */
  get state(): ChatState | null {
    return (this.#turn?.fold ?? this.#last)?.state ?? null;
  }

  /** Ask. Raises TypeError while a chat goes on, and once this is closed. */
  send(message: string, run: SocketRunOptions = {}): void {
    const asked = { ...run, type: "chat", message, idempotency_key: newKey() } as const;
    this.#begin({ asked, fold: new Fold(), wasSent: false });
  }

  /** Go on with the last run, as after an approval or a cut that was given up; or with another one from its start. */
  resume(runId?: string): void {
    const fold = runId === undefined ? this.#last : foundAs(runId);
    if (!fold?.state.runId) throw new TypeError("There is no run to resume.");
    this.#begin({ asked: null, fold, wasSent: true });
  }

  /** Cancel the run that goes on, or the last one where it waits for a person; `onDone` tells once it has stopped. */
  cancel(): void {
    const turn = this.#turn;
    if (!turn) {
      if (this.#last?.state.status !== "waiting" || this.#isClosed) return;
      this.#begin({ asked: null, fold: this.#last, wasSent: true }, true);
    } else if (!turn.wasSent) {
      this.#end(new CancelledError("user"));
    } else if (!turn.isCancelled) {
      turn.isCancelled = true;
      if (this.#isOpen) this.#say({ type: "cancel" });
    }
  }

  /** Leave: nothing is told any more, and the service cancels a run that has no reader for its grace (10 s). */
  close(): void {
    this.#isClosed = true;
    this.#turn = null;
    this.#letGo();
  }

  #begin(begun: Pick<Turn, "asked" | "fold" | "wasSent">, isCancelled = false): void {
    if (this.#isClosed) throw new TypeError("This chat is closed.");
    if (this.#turn) throw new TypeError("A chat goes on: cancel it, or wait for its end.");
    if (!this.#socket) this.#open(); // raises where the key can be no subprotocol
    this.#turn = { ...begun, isCancelled, retries: new Retries(this.#options) };
    if (this.#isOpen) this.#ask();
  }

  #open(): void {
    const { apiKey } = this.#options;
    const protocols = apiKey === undefined ? [] : ["chainstream", `key.${apiKey}`];
    const socket = new this.#Socket(this.#url, protocols);
    const current = (then: () => void) => () => {
      if (socket === this.#socket) then();
    };
    this.#socket = socket;
    socket.addEventListener("open", current(() => this.#opened()));
    socket.addEventListener("message", (event) => current(() => this.#hear(event.data))());
    socket.addEventListener("error", () => undefined); // its close follows
    socket.addEventListener("close", (event) => current(() => this.#lost(event))());
  }

  #opened(): void {
    this.#isOpen = true;
    if (this.#turn) this.#ask();
  }

  /** Begin the chat, or go on with its run where that is known; sent again with its key it is the same run. */
  #ask(): void {
    const turn = this.#turn;
    if (!turn) return;
    const { runId, lastEventId } = turn.fold.state;
    if (runId !== null) this.#say({ type: "resume", run_id: runId, after: lastEventId ?? 0 });
    else if (turn.asked) this.#say(turn.asked);
    turn.wasSent = true;
    if (turn.isCancelled) this.#say({ type: "cancel" });
  }

  #say(message: Schemas["socket.chat"] | Schemas["socket.cancel"] | Schemas["socket.resume"]): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #hear(data: unknown): void {
    const turn = this.#turn;
    if (!turn) return;
    let heard;
    try {
      heard = heardIn(data);
    } catch (error) {
      this.#again(error);
      return;
    }
    if ("frame" in heard) this.#take(turn, heard.frame);
    else if (passes(heard.refusal)) this.#again(heard.refusal);
    else if (heard.refusal.code !== NOT_RUNNING) this.#end(heard.refusal);
    else if (turn.isCancelled) this.#askHowItEnded(turn);
  }

  /** A run that was to be cancelled while it waited was decided meanwhile, and is over. */
  #askHowItEnded(turn: Turn): void {
    turn.isCancelled = false;
    this.#ask();
  }

  #take(turn: Turn, frame: Frame): void {
    if (frame.event === "paused" && turn.isCancelled) return; // it waits no more
    const { id } = frame;
    const { runId, lastEventId } = turn.fold.state;
    const isSame = id === undefined || runId === null || runIdOf(id) === runId;
    if (!isSame) return;
    const isRepeated = id !== undefined && frame.event !== "gap" && isSeen(id, lastEventId);
    if (isRepeated && !isLast(frame)) return; // at a run's end the last event is told again
    if (!isRepeated) this.#tell(turn, frame);
    turn.retries.progressed();
    if (isLast(frame) && this.#turn === turn) this.#end(failureOf(frame));
  }

  #tell({ fold }: Turn, frame: Frame): void {
    const wasKnown = fold.state.runId !== null;
    const { text, replaced } = fold.apply(frame);
    const { runId, content } = fold.state;
    if (!wasKnown && runId !== null) this.#options.onRun?.(runId);
    if (replaced) this.#options.onReplace?.(content);
    if (text) this.#onToken(text);
  }

  #lost(closed: { code: number; reason: string }): void {
    this.#letGo();
    const refusal = refusalOf(closed);
    if (!this.#turn) return;
    if (refusal) this.#end(refusal);
    else this.#again(new Error(`The socket was closed (${closed.code}).`));
  }

  #again(cause: unknown): void {
    const turn = this.#turn;
    if (!turn) return;
    this.#letGo();
    if (turn.isCancelled && turn.fold.state.runId === null) {
      this.#end(new CancelledError("user")); // had it begun all the same, it has no reader, and is cancelled for that
      return;
    }
    const delay = turn.retries.next(cause);
    if (delay === null) this.#end(givenUp(turn, cause));
    else this.#timer = setTimeout(() => this.#open(), delay);
  }

  #end(error: ChainstreamError | null): void {
    const turn = this.#turn;
    if (!turn) return;
    if (!this.#isOpen) this.#letGo();
    this.#turn = null;
    this.#last = turn.fold;
    if (error && turn.fold.state.runId !== null) error.state = turn.fold.state;
    this.#onDone(turn.fold.state, error);
  }

  #letGo(): void {
    clearTimeout(this.#timer);
    this.#isOpen = false;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}

function foundAs(runId: string): Fold {
  const fold = new Fold();
  fold.apply({ event: "known", data: { run_id: runId } });
  return fold;
}

function givenUp({ fold }: Turn, cause: unknown): ChainstreamError {
  if (fold.state.runId !== null) return new TruncatedError({ cause });
  return cause instanceof ProblemError ? cause : new UnreachableError({ cause });
}
