/** The tool calls of a run, by their ids: as a model wrote them, as they ran, and what came of them. */

import type { EventData, ToolState } from "./events.js";

/** `progress` is what the tool told last while it ran. */
export interface ToolCall extends ToolState {
  readonly progress?: unknown;
}

export class ToolCalls {
  #calls = new Map<string, ToolCall>();
  #list: readonly ToolCall[] = [];

  /** In the order of their beginnings: the same array until one changes, and of one that changes a new object. */
  get list(): readonly ToolCall[] {
    return this.#list;
  }

  written({ tool_call_id, name, message_id, args_delta }: EventData["tool_call"]): void {
    const args = (this.#calls.get(tool_call_id)?.args ?? "") + args_delta;
    this.#change(tool_call_id, name, "called", { message_id, args });
  }

  started({ tool_call_id, name, input }: EventData["tool_start"]): void {
    this.#change(tool_call_id, name, "running", { input });
  }

  progressed({ tool_call_id, name, data }: EventData["tool_progress"]): void {
    this.#change(tool_call_id, name, "running", { progress: data });
  }

  ended({ tool_call_id, name, output, duration_ms }: EventData["tool_end"]): void {
    this.#change(tool_call_id, name, "succeeded", { output, duration_ms });
  }

  failed({ tool_call_id, name, code, message, duration_ms }: EventData["tool_error"]): void {
    this.#change(tool_call_id, name, "failed", { error: { code, message }, duration_ms });
  }

  /** The calls of a message that is superseded; none of them has started. */
  withdraw(messageId: string): void {
    for (const call of this.#list) {
      if (call.message_id === messageId && call.status === "called") this.#calls.delete(call.tool_call_id);
    }
    this.#list = [...this.#calls.values()];
  }

  replace(calls: readonly ToolState[]): void {
    this.#calls = new Map(calls.map((call) => [call.tool_call_id, call]));
    this.#list = [...calls];
  }

  #change(tool_call_id: string, name: string, status: ToolState["status"], told: Partial<ToolCall>): void {
    this.#calls.set(tool_call_id, { ...this.#calls.get(tool_call_id), tool_call_id, name, status, ...told });
    this.#list = [...this.#calls.values()];
  }
}
