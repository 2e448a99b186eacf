/**
 * Pure: the frames of a run, one by one, to the state that a client shows. Streams, sockets and the hook share it.
 *
 * What a restart supersedes is dropped, and a gap's snapshot takes the place of all that came before it.
 */

import { AnswerOrder, type Due } from "./answer-order.js";
import { runIdOf, seqOf } from "./cursor.js";
import type { Approval, Frame, Gap, Status, Usage } from "./events.js";
import { Pieces } from "./pieces.js";
import { ToolCalls, type ToolCall } from "./tool-calls.js";

/** A run so far. `content` is the answer's text; `output` what the chain returned, or of a structured one the part so far. */
export interface ChatState {
  readonly runId: string | null;
  /** Where to go on: the id of the last event. */
  readonly lastEventId: string | null;
  /** Null before the run has begun. */
  readonly status: Status | null;
  readonly content: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  /** The questions that a waiting run asks. */
  readonly approvals: readonly Approval[];
  readonly output: unknown;
  readonly usage: Usage | null;
}

/** What a frame did to the answer: it goes on with `text`, or is another from its start. */
export interface Change {
  readonly text: string;
  readonly replaced: boolean;
}

const NO_CHANGE: Change = { text: "", replaced: false };

export class Fold {
  #state: Omit<ChatState, "content" | "reasoning" | "toolCalls"> = {
    runId: null,
    lastEventId: null,
    status: null,
    approvals: [],
    output: null,
    usage: null,
  };
  #content = new Pieces();
  #reasoning = new Pieces();
  #tools = new ToolCalls();
  #order = new AnswerOrder();
  #read: ChatState | null = null;

  /** The same object until the next frame. */
  get state(): ChatState {
    this.#read ??= {
      ...this.#state,
      content: this.#content.text,
      reasoning: this.#reasoning.text,
      toolCalls: this.#tools.list,
    };
    return this.#read;
  }

  apply(frame: Frame): Change {
    const { id } = frame;
    if (id !== undefined) this.#set({ lastEventId: id, runId: runIdOf(id) ?? this.#state.runId });
    if (this.#state.approvals.length && isFurther(frame)) this.#set({ approvals: [], status: "running" });
    this.#read = null;
    return this.#apply(frame);
  }

  #apply(frame: Frame): Change {
    switch (frame.event) {
      case "known":
        this.#set({ runId: frame.data.run_id });
        return NO_CHANGE;
      case "run":
        this.#set({ status: "running" });
        return NO_CHANGE;
      case "token":
        if (frame.data.channel !== "answer") return NO_CHANGE;
        return this.#say(this.#order.token(frame.data.message_id, frame.data.text), frame.id);
      case "text":
        return this.#say([{ messageId: null, text: frame.data.content }], frame.id);
      case "reasoning":
        this.#reasoning.add(frame.data.message_id, seqOf(frame.id), frame.data.text);
        return NO_CHANGE;
      case "message_end":
        return this.#say(this.#order.messageEnd(frame.data.message_id), frame.id);
      case "restart":
        return this.#withdraw(frame.data.message_id, frame.data.discard_from);
      case "tool_call":
        this.#tools.written(frame.data);
        return NO_CHANGE;
      case "tool_start":
        this.#tools.started(frame.data);
        return NO_CHANGE;
      case "tool_progress":
        this.#tools.progressed(frame.data);
        return NO_CHANGE;
      case "tool_end":
        this.#tools.ended(frame.data);
        return NO_CHANGE;
      case "tool_error":
        this.#tools.failed(frame.data);
        return NO_CHANGE;
      case "partial":
        this.#set({ output: frame.data.value });
        return NO_CHANGE;
      case "approval": {
        const { t: _, response_schema, ...asked } = frame.data;
        const approval = response_schema ? { ...asked, response_schema } : asked;
        this.#set({ status: "waiting", approvals: [...this.#state.approvals, approval] });
        return NO_CHANGE;
      }
      case "paused":
        this.#set({ status: "waiting", approvals: frame.data.approvals ?? this.#state.approvals });
        return NO_CHANGE;
      case "gap":
        return this.#replace(frame);
      case "done":
        this.#set({ status: "succeeded", output: frame.data.output, usage: frame.data.usage });
        return this.#say(this.#order.rest(), frame.id);
      case "cancelled":
        this.#set({ status: "cancelled", output: frame.data.output, usage: frame.data.usage });
        return this.#say(this.#order.rest(), frame.id);
      case "error":
        this.#set({ status: "failed" });
        return this.#say(this.#order.rest(), frame.id);
      case "usage":
      case "step_start":
      case "step_end":
      case "sources":
      case "custom":
        return NO_CHANGE;
      default:
        frame satisfies never; // all that this version knows are above; of a newer service there may be others
        return NO_CHANGE;
    }
  }

  #set(changed: Partial<ChatState>): void {
    this.#state = { ...this.#state, ...changed };
  }

  #say(due: readonly (Due | { messageId: null; text: string })[], id: string): Change {
    for (const { messageId, text } of due) this.#content.add(messageId, seqOf(id), text);
    const text = due.map((each) => each.text).join("");
    return text ? { text, replaced: false } : NO_CHANGE;
  }

  #withdraw(messageId: string, discardFrom: number): Change {
    this.#tools.withdraw(messageId);
    this.#order.withdraw(messageId);
    this.#reasoning.withdraw(messageId, discardFrom);
    const replaced = this.#content.withdraw(messageId, discardFrom);
    if (replaced) this.#set({ output: null }); // a part of what the answer's text was to be
    return { text: "", replaced };
  }

  #replace({ data: { snapshot }, id }: Gap): Change {
    this.#content.clear();
    this.#reasoning.clear();
    this.#order = new AnswerOrder();
    for (const { message_id, channel, text } of snapshot.messages) {
      if (channel === "answer") this.#content.add(message_id, seqOf(id), text);
    }
    this.#tools.replace(snapshot.tools);
    this.#set({ status: snapshot.status, approvals: snapshot.approvals, output: null, usage: null });
    return { text: "", replaced: true };
  }
}

/** Whether a run that waited goes on: what it asked was answered. */
function isFurther(frame: Frame): boolean {
  return frame.event !== "approval" && frame.event !== "paused" && frame.event !== "known";
}
