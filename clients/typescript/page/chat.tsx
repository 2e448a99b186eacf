/** A page of the hook, as the tests drive it in a browser: what is asked, the answer, its tool calls, and the buttons. */

import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

import { useStreamingChat, type StreamingChat } from "../src/react.js";

type Call = StreamingChat["toolCalls"][number];

const chain = new URLSearchParams(location.search).get("chain") ?? "agent";

function ToolCard({ call }: { call: Call }) {
  return (
    <li className="tool" data-state={call.status}>
      <strong>{call.name}</strong> {call.status}
      <pre>{JSON.stringify(call.input)}</pre>
      {call.progress !== undefined && <pre>… {JSON.stringify(call.progress)}</pre>}
      {call.output !== undefined && <pre>→ {JSON.stringify(call.output)}</pre>}
      {call.error && <pre>✗ {call.error.message}</pre>}
    </li>
  );
}

function Chat() {
  const [message, setMessage] = useState("");
  const [reconnects, setReconnects] = useState(0);
  const { content, toolCalls, isStreaming, error, status, runId, send, cancel, reset, resume } = useStreamingChat({
    run: { chain },
    onReconnect: () => setReconnects((count) => count + 1),
  });
  useEffect(() => {
    if (runId !== null) location.hash = runId;
  }, [runId]);
  return (
    <main data-status={status} data-streaming={isStreaming} data-reconnects={reconnects}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void send(message);
        }}
      >
        <input id="message" value={message} onChange={(event) => setMessage(event.target.value)} />
        <button>Send</button>
        <button id="cancel" type="button" disabled={!isStreaming} onClick={cancel}>
          Cancel
        </button>
        <button id="resume" type="button" onClick={() => void resume(location.hash.slice(1) || undefined)}>
          Resume
        </button>
        <button id="reset" type="button" onClick={reset}>
          Reset
        </button>
      </form>
      <ul>
        {toolCalls.map((call) => (
          <ToolCard key={call.tool_call_id} call={call} />
        ))}
      </ul>
      <p id="content">{content}</p>
      {error && <p role="alert">{error.message}</p>}
    </main>
  );
}

function Page() {
  const [isShown, setIsShown] = useState(true);
  return (
    <>
      {isShown && <Chat />}
      <button id="leave" onClick={() => setIsShown(false)}>
        Leave
      </button>
    </>
  );
}

createRoot(document.body).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
