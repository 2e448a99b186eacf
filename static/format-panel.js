/** The same run read once more, in any format, as the bytes come. */

import { copyButton } from "./clipboard.js";
import { element, setText } from "./element.js";
import { inFrames } from "./frames.js";
import { RawText } from "./raw-text.js";
import { refusalOf } from "./refusal.js";
import { wordsOf } from "./refusal-words.js";
import { request } from "./requests.js";

/** docs/protocol.md's, and what each is for. */
const FORMATS = {
  events: "every event by its name",
  tokens: "the answer's tokens, for EventSource",
  message: "text with elapsed time",
  text: "the answer as plain text",
  ndjson: "every event, a line each",
  openai: "OpenAI's chunks",
  "openai-ndjson": "OpenAI's chunks, a line each",
  "ag-ui": "AG-UI's events",
  "ai-sdk": "the AI SDK's chunks, for useChat",
};

export class FormatPanel {
  #runId = null;
  #isOpen = false;
  #reading = null;
  #read = null; // what is read or was: "<run id> <format>"
  #came = "";
  #bytes = 0;
  #drawSoon = inFrames(() => this.#draw());
  #format = element("select", { "aria-label": "Format" });
  #again = element("button", { type: "button", class: "small" }, "Read again");
  #request = element("p", { class: "inspector-address" });
  #answer = element("p", { class: "inspector-note" });
  #raw = new RawText("The run in this format");
  #said = "";

  constructor() {
    this.#format.append(
      ...Object.entries(FORMATS).map(([name, about]) => element("option", { value: name }, `${name}: ${about}`)),
    );
    this.#format.addEventListener("change", () => this.#follow());
    this.#again.addEventListener("click", () => {
      this.#read = null;
      this.#follow();
    });
    const copy = copyButton("Copy the text", () => this.#raw.text);
    this.node = element(
      "div",
      { class: "format-panel" },
      element("div", { class: "inspector-row" }, this.#format, this.#again, copy),
      this.#request,
      this.#raw.node,
      this.#answer,
    );
  }

  set turn(turn) {
    this.#runId = turn?.runId ?? null;
    this.#follow();
  }

  /** While it is out of sight nothing is read. */
  set isOpen(isOpen) {
    this.#isOpen = isOpen;
    this.#follow();
  }

  #follow() {
    const path = this.#runId && `runs/${this.#runId}/events?format=${this.#format.value}`;
    this.#again.disabled = !path;
    if (!path || !this.#isOpen) {
      this.#stop();
      if (!path) this.#empty("", "No run to read yet.");
      return;
    }
    if (this.#read === path) return;
    this.#stop();
    this.#read = path;
    this.#reading = new AbortController();
    this.#empty(`GET ${path}`, "Asking");
    this.#follows(path, this.#reading.signal);
  }

  /** A reading that is broken off is begun anew when it is wanted again. */
  #stop() {
    if (!this.#reading) return;
    this.#reading.abort();
    this.#reading = null;
    this.#read = null;
  }

  #empty(request, said) {
    setText(this.#request, request);
    this.#raw.clear();
    this.#came = "";
    this.#bytes = 0;
    this.#said = said;
    this.#draw();
  }

  async #follows(path, signal) {
    try {
      const response = await request(path, { signal, cache: "no-store" });
      if (!response.ok) throw await refusalOf(response);
      await this.#take(response, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#ended(`Broken off: ${wordsOf(error)}`);
    }
  }

  async #take(response, signal) {
    const type = response.headers.get("Content-Type") ?? "no content";
    const decoder = new TextDecoder();
    const reader = response.body?.getReader();
    this.#said = `${response.status} · ${type} · reading`;
    this.#drawSoon();
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (signal.aborted) return;
      if (done) break;
      this.#bytes += value.length;
      this.#came += decoder.decode(value, { stream: true });
      this.#drawSoon();
    }
    this.#ended(`${response.status} · ${type} · whole`);
  }

  #ended(said) {
    this.#reading = null;
    this.#said = said;
    this.#drawSoon();
  }

  #draw() {
    const came = this.#came;
    this.#came = "";
    if (came) this.#raw.append(came);
    const told = [this.#said];
    if (this.#bytes) told.push(`${this.#bytes} bytes`);
    if (this.#raw.dropped) told.push(`the first ${this.#raw.dropped} characters are not kept`);
    setText(this.#answer, told.join(" · "));
  }
}
