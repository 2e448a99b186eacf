// A page with `useChat` in it, under React's StrictMode, which mounts everything twice.

import { JSDOM } from "jsdom";

const { window } = new JSDOM("<!doctype html><body></body>", { url: "http://localhost/" });
globalThis.window = window;
globalThis.document = window.document;
if (!globalThis.navigator) globalThis.navigator = window.navigator; // newer versions of Node.js have their own

const { createElement, StrictMode, useEffect } = await import("react");
const { createRoot } = await import("react-dom/client");
const { useChat } = await import("@ai-sdk/react");

/** What the page shows, and what its buttons would call. `onMount` runs as an effect, so twice. */
export class MountedChat {
  #root;
  #waiting = [];
  #isBehind = false;
  finished = [];
  data = [];
  chat = null;

  constructor(options, onMount = null) {
    const node = document.body.appendChild(document.createElement("div"));
    this.#root = createRoot(node);
    const heard = {
      onFinish: ({ message, messages, ...how }) => {
        this.finished.push(how);
        this.#isBehind = true; // until what has ended is shown
      },
      onData: (part) => this.data.push(part),
      ...options,
    };
    const Page = () => {
      const chat = useChat(heard);
      useEffect(() => this.#rendered(chat));
      useEffect(() => {
        onMount?.(chat);
      }, []);
      return null;
    };
    this.#root.render(createElement(StrictMode, null, createElement(Page)));
  }

  get messages() {
    return this.chat.messages;
  }

  /** The last message, which is the assistant's in all that waits for an answer. */
  get answer() {
    return this.chat?.messages.at(-1);
  }

  get text() {
    return textOf(this.answer);
  }

  until(holds) {
    return new Promise((resolve) => {
      this.#waiting.push({ holds, resolve });
      this.#check();
    });
  }

  async mounted() {
    await this.until(() => this.chat !== null);
    return this;
  }

  /** Once so many answers have ended, well or not, and are shown. */
  ended(count = 1) {
    return this.until(() => this.finished.length === count && !this.#isBehind);
  }

  close() {
    this.#root.unmount();
  }

  #rendered(chat) {
    this.chat = chat;
    if (["ready", "error"].includes(chat.status)) this.#isBehind = false;
    this.#check();
  }

  #check() {
    this.#waiting = this.#waiting.filter(({ holds, resolve }) => {
      if (!holds()) return true;
      resolve();
      return false;
    });
  }
}

export function textOf(message) {
  return (message?.parts ?? []).map((part) => (part.type === "text" ? part.text : "")).join("");
}

export function toolsOf(message) {
  return message.parts.filter((part) => part.type === "dynamic-tool");
}
