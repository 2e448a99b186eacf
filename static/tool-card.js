/** A tool call on the page: what the model asked for, how far it is, and what came of it. */

import { element, setText } from "./element.js";
import { duration } from "./figures.js";
import { block, fill, shown } from "./value-block.js";

const LABELS = { called: "called", running: "running", succeeded: "done", failed: "failed", rejected: "rejected", superseded: "superseded" };

export class ToolsPart {
  #cards = [];
  #drawn = [];

  constructor() {
    this.node = element("div", { class: "tools" });
  }

  draw({ tools }) {
    tools.forEach((tool, index) => {
      if (this.#drawn[index] === tool) return;
      if (!this.#cards[index]) this.#add(new ToolCard(tool));
      this.#cards[index].draw(tool);
    });
    this.#drawn = tools;
  }

  #add(card) {
    this.#cards.push(card);
    this.node.append(card.node);
  }
}

class ToolCard {
  #name = element("span", { class: "tool-name" });
  #state = element("span", { class: "tool-state" });
  #args = block("tool-args", "Arguments");
  #progress = element("progress", { hidden: true });
  #note = element("p", { class: "tool-note", hidden: true });
  #result = block("tool-result", "Result");

  constructor(tool) {
    this.node = element(
      "section",
      { class: "tool", "data-tool-call-id": tool.id, "data-state": tool.status },
      element("header", {}, element("span", { class: "tool-mark", "aria-hidden": "true" }), this.#name, this.#state),
      this.#args,
      this.#progress,
      this.#note,
      this.#result,
    );
  }

  draw(tool) {
    this.node.dataset.state = tool.status;
    this.node.setAttribute("aria-label", `Tool ${tool.name}`);
    setText(this.#name, tool.name || "tool");
    setText(this.#state, stateOf(tool));
    fill(this.#args, argumentsOf(tool));
    this.#drawProgress(tool);
    fill(this.#result, resultOf(tool));
  }

  #drawProgress({ status, progress, name }) {
    const going = status === "running" && progress !== undefined;
    const bar = going && isFraction(progress);
    this.#progress.hidden = !bar;
    if (bar) {
      this.#progress.max = progress.total;
      this.#progress.value = progress.done;
      this.#progress.setAttribute("aria-label", `Progress of ${name}`);
    }
    this.#note.hidden = !going;
    if (going) setText(this.#note, bar ? `${progress.done} of ${progress.total}` : shown(progress));
  }
}

function stateOf({ status, durationMs }) {
  return durationMs === null || status === "rejected" ? LABELS[status] : `${LABELS[status]} · ${duration(durationMs)}`;
}

/** As the model wrote them, piece by piece, JSON or not; of a tool that no model called, what it was given. */
function argumentsOf({ args, input }) {
  return args || (input === undefined ? "" : shown(input));
}

function resultOf({ status, output, error, truncated, size }) {
  if (status === "rejected") return error.message ?? "";
  if (status === "failed") return [error?.code, error?.message].filter(Boolean).join(": ");
  if (status !== "succeeded") return "";
  const text = shown(output);
  if (text === "") return "(empty)";
  return truncated ? `${text}\n… cut; the whole has ${size} characters` : text;
}

function isFraction(progress) {
  return Number.isFinite(progress?.done) && Number.isFinite(progress?.total) && progress.total > 0;
}
