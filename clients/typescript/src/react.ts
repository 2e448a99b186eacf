/** The React hook: one chat's state, and what can be done with it. */

import { useEffect, useState, useSyncExternalStore } from "react";

import { Session, type SessionOptions, type SessionState } from "./session.js";

export type UseStreamingChatOptions = SessionOptions;

export interface StreamingChat extends Omit<SessionState, "lastEventId"> {
  /** Ask; a run that still goes on is cancelled. Resolves at the end; what went wrong is `error`, and told `onError`. */
  readonly send: Session["send"];
  /** Cancel the run on the service; what it has said stays. */
  readonly cancel: Session["cancel"];
  /** Empty, as before the first message; a run that still goes on is cancelled. */
  readonly reset: Session["reset"];
  /** Go on after an error, or once a waiting run was answered; with another run's id, read that from its start. */
  readonly resume: Session["resume"];
}

/**
 * Streams chats. The four functions stay the same from render to render, and the options may change with each. Renders
 * at most once a frame, however fast tokens come. On unmount the stream is left: the service cancels its run after its
 * grace, unless `resume(runId)` comes back for it.
 */
export function useStreamingChat(options: UseStreamingChatOptions = {}): StreamingChat {
  const [session] = useState(() => new Session(options));
  useEffect(() => {
    session.options = options;
  });
  useEffect(() => session.leave, [session]);
  const { lastEventId: _, ...shown } = useSyncExternalStore(session.subscribe, session.snapshot, session.snapshot);
  const { send, cancel, reset, resume } = session;
  return { ...shown, send, cancel, reset, resume };
}

export type { SessionState } from "./session.js";
