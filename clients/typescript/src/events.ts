/** What a run tells: the service's events and control frames, each with its name, data and id. */

import type { components } from "./schema.js";

export type Schemas = components["schemas"];

type Named<Prefix extends string> = {
  [Key in keyof Schemas as Key extends `${Prefix}.${infer Name}` ? Name : never]: Schemas[Key];
};

/** The data of each event, by its name. */
export type EventData = Named<"event">;

type Framed<Data> = { [Name in keyof Data]: { readonly event: Name; readonly data: Data[Name]; readonly id: string } };

/** An event of a run's log; `id` is `<run_id>.<attempt>.<seq>`. */
export type RunEvent = Framed<EventData>[keyof EventData];

/** Events that cannot be had any more: the snapshot is the state up to the id. */
export type Gap = { readonly event: "gap"; readonly data: Schemas["frame.gap"]; readonly id: string };

/** The run waits for a person, and its stream ends. Who only asked for the run has its questions with it. */
export type Paused = {
  readonly event: "paused";
  readonly data: Schemas["frame.paused"] & { readonly approvals?: readonly Approval[] };
  readonly id?: undefined;
};

/** A piece of the answer as a WebSocket tells it, in its order. */
export type Text = { readonly event: "text"; readonly data: { readonly content: string }; readonly id: string };

/** Not of the wire: the run has begun, or was found, though it may have told nothing yet. */
export type Known = { readonly event: "known"; readonly data: { readonly run_id: string }; readonly id?: undefined };

/** All that a stream or a socket can bring. */
export type Frame = RunEvent | Gap | Paused | Text | Known;

export type ToolState = Schemas["ToolState"];
export type Approval = Schemas["ApprovalState"];
export type Usage = Schemas["UsageTotals"];
export type Status = Schemas["Run"]["status"];
export type Run = Schemas["Run"];
export type Decision = Schemas["DecisionBody"];

/** What a run may be asked for beside its input: its chain, model, thread, parameters. */
export type RunOptions = Omit<Schemas["RunBody"], "input">;

const LAST: ReadonlySet<string> = new Set(["done", "error", "cancelled", "paused"]);

/** Whether nothing follows: a stream that ends without such a frame was cut. */
export function isLast(frame: Frame): boolean {
  return LAST.has(frame.event);
}

/**
 * A frame of what the wire brought. Events that this client does not know are frames too: they move the cursor, and
 * are otherwise ignored. Raises SyntaxError where it is no JSON object.
 */
export function frameOf(event: string, data: unknown, id: string | undefined): Frame {
  if (typeof data !== "object" || data === null) throw new SyntaxError(`${event} has no data`);
  return { event, data, id } as Frame;
}
