/** What a run waits for a person for, as a card: one for each interrupt, in it one row for each request. */

import { ApprovalRequest } from "./approval-request.js";
import { element, setText } from "./element.js";
import { block, fill, shown } from "./value-block.js";

const TITLES = {
  open: "Waiting for you",
  sending: "Waiting for you",
  decided: "You decided",
  elsewhere: "Decided elsewhere",
  closed: "Not decided",
};

export class ApprovalPart {
  #interruptId;
  #onDecide;
  #status = "open";
  #rows;
  #title = element("h3");
  #question;
  #asked;
  #problem = element("p", { class: "complaint", role: "alert", hidden: true });
  #chosen = element("p", { class: "chosen" });
  #send = element("button", { type: "button", class: "primary" });
  #sending = element("div", { class: "buttons" }, this.#send, this.#chosen);

  constructor({ interruptId, value, requests }, { onDecide }) {
    this.#interruptId = interruptId;
    this.#onDecide = onDecide;
    const collects = requests.length > 1;
    const onChoice = collects ? () => this.#drawRows(null) : () => this.#decide();
    const asks = requests.length ? asksOf(value) : null;
    this.#rows = (requests.length ? requests : [null]).map((request, index) => {
      const description = withoutCall(asks?.[index]?.description, request?.name);
      return new ApprovalRequest(request, { description, collects, onChoice });
    });
    this.#send.addEventListener("click", () => this.#decide());
    this.#asked = asks || value === null || value === undefined ? "" : shown(value);
    this.#question = block(typeof value === "string" ? "question" : "request-input", "What is asked");
    const names = requests.map(({ name }) => name).join(", ");
    this.node = element(
      "section",
      { class: "approval", role: "group", "aria-label": names ? `Approval of ${names}` : "Approval" },
      element("header", {}, element("span", { class: "approval-mark", "aria-hidden": "true" }), this.#title),
      this.#question,
      ...this.#rows.map(({ node }) => node),
      ...(collects ? [this.#sending] : []),
      this.#problem,
    );
  }

  draw({ status, decisions, problem }) {
    this.#status = status;
    this.node.dataset.state = status;
    this.node.setAttribute("aria-busy", String(status === "sending"));
    fill(this.#question, this.#asked);
    setText(this.#title, TITLES[status]);
    this.#problem.hidden = problem === null;
    setText(this.#problem, problem ?? "");
    this.#drawRows(decisions);
  }

  #drawRows(decisions) {
    const isOpen = this.#status === "open" || this.#status === "sending";
    this.#rows.forEach((row, index) => row.draw(isOpen, decisions?.[index] ?? null));
    if (this.#rows.length === 1) return;
    const count = this.#rows.filter(({ decision }) => decision !== null).length;
    this.#sending.hidden = !isOpen;
    this.#send.disabled = count < this.#rows.length;
    setText(this.#send, `Send ${this.#rows.length} decisions`);
    setText(this.#chosen, `${count} of ${this.#rows.length} chosen`);
  }

  /** While one is on its way no other is sent; the controls stay, so that the focus does. */
  #decide() {
    if (this.#status !== "open") return;
    const decisions = this.#rows.map(({ decision }) => decision);
    this.#onDecide(this.#interruptId, decisions);
  }
}

/**
 * What the libraries' forms of an interrupt say of each request: LangChain's middleware, the same with an interrupt for
 * each call, and LangGraph's HumanInterrupt. Null for every other value.
 */
function asksOf(value) {
  if (Array.isArray(value?.action_requests)) return value.action_requests;
  const asks = [value].flat();
  return asks.every((ask) => ask?.type === "tool_approval" || ask?.action_request) ? asks : null;
}

/** The middleware's own description repeats the call, which is shown. */
function withoutCall(description, name) {
  return typeof description === "string" ? description.split(`\n\nTool: ${name}\nArgs: `)[0] : "";
}
