/** A run on the page: its state to the DOM, at most once in an animation frame. */

import { ApprovalPart } from "./approval-card.js";
import { attending } from "./attention.js";
import { sentenceOf } from "./connection.js";
import { element, setText } from "./element.js";
import { figuresOf } from "./figures.js";
import { inFrames } from "./frames.js";
import { followingTheEnd } from "./scrolling.js";
import { SourcesPart } from "./sources-part.js";
import { TextPart } from "./text-part.js";
import { ToolsPart } from "./tool-card.js";

const PARTS = { text: TextPart, tools: ToolsPart, sources: SourcesPart, approval: ApprovalPart };

export class RunView {
  #run = null;
  #connection = null;
  #epoch = 0;
  #drawSoon = inFrames(() => attending(this.node, () => followingTheEnd(this.node, () => this.#draw())));
  #on;
  #drawn = [];
  #views = [];
  #answer = element("div", { class: "answer" });
  #end = element("p", { class: "end", hidden: true });
  #connectionLine = element("p", { class: "connection", "aria-live": "off" });

  /** `on.onDecide(interruptId, decisions)` when a person has decided. */
  constructor(prompt, on = {}) {
    this.#on = on;
    this.node = element(
      "article",
      { class: "turn", "data-status": "starting" },
      element("p", { class: "prompt" }, prompt),
      this.#answer,
      element("footer", {}, this.#end, this.#connectionLine),
    );
  }

  /** Show this state, of the run and of its connection, in the next frame. */
  show(run, connection) {
    this.#run = run;
    this.#connection = connection;
    this.#drawSoon();
  }

  #draw() {
    const run = this.#run;
    if (run.epoch !== this.#epoch) this.#forget(run.epoch);
    run.parts.forEach((part, index) => this.#drawPart(part, index));
    this.#drawn = run.parts;
    this.node.dataset.status = run.status;
    this.#end.hidden = run.end === null;
    if (run.end) setText(this.#end, endOf(run));
    this.node.dataset.connection = this.#connection.state;
    setText(this.#connectionLine, sentenceOf(this.#connection));
  }

  #drawPart(part, index) {
    if (this.#drawn[index] === part) return;
    if (!this.#views[index]) {
      this.#views[index] = new PARTS[part.kind](part, this.#on);
      this.#answer.append(this.#views[index].node);
    }
    this.#views[index].draw(part);
  }

  #forget(epoch) {
    this.#epoch = epoch;
    this.#drawn = [];
    this.#views = [];
    this.#answer.replaceChildren();
  }
}

function endOf({ status, end }) {
  if (status === "failed") return `Failed: ${[end.code, end.message].filter(Boolean).join(" · ")}`;
  const how = status === "cancelled" ? `Cancelled (${end.reason ?? "unknown"})` : "Done";
  return [how, ...figuresOf(end)].join(" · ");
}
