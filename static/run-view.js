/** A turn on the page: what was asked, and the state of its run to the DOM, at most once in an animation frame. */

import { answerOf, hasAnswer } from "./answer-text.js";
import { ApprovalPart } from "./approval-card.js";
import { attending } from "./attention.js";
import { copyText } from "./clipboard.js";
import { healingOf, sentenceOf } from "./connection.js";
import { element, setText } from "./element.js";
import { figuresOf } from "./figures.js";
import { inFrames } from "./frames.js";
import { PromptView } from "./prompt-view.js";
import { ReasoningPart } from "./reasoning-part.js";
import { RestartPart } from "./restart-part.js";
import { isPlain, wordsOf } from "./refusal-words.js";
import { SourcesPart } from "./sources-part.js";
import { TextPart } from "./text-part.js";
import { ToolsPart } from "./tool-card.js";
import { TreePart } from "./tree-part.js";

const PARTS = {
  text: TextPart,
  reasoning: ReasoningPart,
  tools: ToolsPart,
  sources: SourcesPart,
  tree: TreePart,
  approval: ApprovalPart,
  restart: RestartPart,
};
const TOLD = 2_000; // milliseconds in which a button says what it did

export class RunView {
  #run = null;
  #connection = null;
  #epoch = 0;
  #drawSoon = inFrames(() => attending(this.node, () => this.#draw()));
  #on;
  #drawn = [];
  #views = [];
  #prompt;
  #answer = element("div", { class: "answer" });
  #end = element("p", { class: "end", hidden: true });
  #place = element("span", { class: "place" });
  #healing = element("span", { class: "healing", hidden: true });
  #copy = action("Copy", () => this.#copyAnswer());
  #link = action("Link", () => this.#copyLink());
  #retry;

  /**
   * `on.onDecide(interruptId, decisions)` when a person has decided, `onRetry()` for another answer to the same prompt,
   * `onEdit(prompt)` to another, `onSibling(step)` to go to the answer before or after, `onInspect()` to see the run's
   * events, `linkOf()` what leads here, null as yet; what is not there is not offered.
   */
  constructor(prompt, on = {}) {
    this.#on = on;
    this.#prompt = new PromptView(prompt, on);
    this.#retry = action("Retry", on.onRetry, "again");
    this.#link.title = "Copy a link to this answer";
    this.#copy.hidden = this.#retry.hidden = this.#link.hidden = true;
    const events = on.onInspect ? [action("Events", on.onInspect)] : [];
    this.node = element(
      "article",
      { class: "turn", "data-status": "starting" },
      this.#prompt.node,
      this.#answer,
      element("footer", {}, this.#end, element("p", { class: "connection" }, this.#place, this.#healing)),
      element("div", { class: "actions", role: "group", "aria-label": "This answer" }, this.#copy, this.#retry, this.#link, ...events),
    );
  }

  /** Show this state, of the run and of its connection, in the next frame. */
  show(run, connection) {
    this.#run = run;
    this.#connection = connection;
    this.#drawSoon();
  }

  set place(place) {
    this.#prompt.place = place;
  }

  focusBranches(step) {
    this.#prompt.focusBranches(step);
  }

  #draw() {
    const run = this.#run;
    if (run.epoch !== this.#epoch) this.#forget(run.epoch);
    run.parts.forEach((part, index) => this.#drawPart(part, index));
    this.#drawn = run.parts;
    this.node.dataset.status = run.status;
    this.#end.hidden = run.end === null;
    if (run.end) setText(this.#end, endOf(run));
    this.#drawConnection();
    this.#copy.hidden = !hasAnswer(run);
    this.#retry.hidden = run.end === null || !this.#on.onRetry;
    this.#link.hidden = !this.#on.linkOf?.();
    this.#prompt.isOver = run.end !== null;
  }

  #drawConnection() {
    this.node.dataset.connection = this.#connection.state;
    setText(this.#place, sentenceOf(this.#connection));
    const healing = healingOf(this.#connection);
    this.#healing.hidden = healing === "";
    setText(this.#healing, healing);
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

  async #copyAnswer() {
    const isCopied = await copyText(answerOf(this.#run));
    setText(this.#copy, isCopied ? "Copied" : "Not copied");
    setTimeout(() => setText(this.#copy, "Copy"), TOLD);
  }

  async #copyLink() {
    const isCopied = await copyText(this.#on.linkOf());
    setText(this.#link, isCopied ? "Link copied" : "Not copied");
    setTimeout(() => setText(this.#link, "Link"), TOLD);
  }
}

function action(label, onClick, kind = "") {
  const button = element("button", { type: "button", class: `action ${kind}`.trim() }, label);
  if (onClick) button.addEventListener("click", onClick);
  return button;
}

function endOf({ status, end }) {
  if (status === "failed" && isPlain(end.code)) return wordsOf(end);
  if (status === "failed") return `Failed: ${[end.code, end.message].filter(Boolean).join(" · ")}`;
  const how = status === "cancelled" ? `Cancelled (${end.reason ?? "unknown"})` : "Done";
  return [how, ...figuresOf(end)].join(" · ");
}
