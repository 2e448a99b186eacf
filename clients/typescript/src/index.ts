/** A client of Chainstream: runs streamed over fetch, SSE and WebSockets, resumed by themselves. */

export { resumeChat, streamChat, streamChatSSE, type ResumeOptions } from "./chat.js";
export * from "./errors.js";
export type {
  Approval,
  Decision,
  EventData,
  Frame,
  Run,
  RunEvent,
  RunOptions,
  Schemas,
  Status,
  ToolState,
  Usage,
} from "./events.js";
export { Fold, type Change, type ChatState } from "./fold.js";
export type { ChatOptions, ClientOptions, PatienceOptions, StreamOptions, TellingOptions } from "./options.js";
export { cancelRun, decide, getRun } from "./requests.js";
export type { OnToken } from "./telling.js";
export type { ToolCall } from "./tool-calls.js";
export { WebSocketChat, type OnDone, type SocketRunOptions, type WebSocketChatOptions } from "./websocket.js";
export type { SocketConstructor, SocketLike } from "./socket-like.js";
