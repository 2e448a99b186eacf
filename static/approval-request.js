/** One request of an approval on the page: what is asked, the choices that are allowed, and the one that is made. */

import { DecisionForm } from "./decision-form.js";
import { answer, edit, inWords, reject, respond } from "./decisions.js";
import { element, setText } from "./element.js";
import { block, fill, shown } from "./value-block.js";

/** What can be chosen for a tool call; a choice without a form is a decision at once. */
const OF_A_CALL = {
  approve: () => ({ label: "Approve" }),
  edit: ({ input }) => ({
    label: "Edit",
    form: { label: "Arguments", confirm: "Approve edited", read: edit, code: true, text: indented(input) },
  }),
  reject: () => ({
    label: "Reject",
    form: { label: "Reason, if you like", confirm: "Reject", read: reject },
  }),
  respond: () => ({
    label: "Respond",
    form: { label: "Answer in the tool's place", confirm: "Respond", read: respond },
  }),
};

/** And for an interrupt outside a tool: yes, no, or any value. */
const OF_A_VALUE = {
  approve: () => ({ label: "Approve" }),
  reject: () => ({ label: "Reject" }),
  respond: () => ({ form: { label: "Or your answer: text, or JSON", confirm: "Respond", read: answer } }),
};

export class ApprovalRequest {
  /** The decision that is chosen, or null. */
  decision = null;
  #collects;
  #onChoice;
  #buttons = new Map();
  #choices = element("div", { class: "buttons" });
  #controls = element("div", { class: "controls" }, this.#choices);
  #outcome = element("p", { class: "outcome", hidden: true });
  #input = block("request-input", "Input");
  #given;

  /** `request` is null for an interrupt outside a tool; `collects`: choices are shown and can be changed until sent. */
  constructor(request, { description, collects, onChoice }) {
    this.#collects = collects;
    this.#onChoice = onChoice;
    this.#given = request ? shown(request.input) : "";
    this.node = element("div", { class: "request", role: "group", "aria-label": request?.name ?? "Your answer" });
    if (request) this.node.append(element("h4", {}, request.name));
    if (description) this.node.append(element("p", { class: "description" }, description));
    this.node.append(this.#input, this.#controls, this.#outcome);
    const choices = request ? OF_A_CALL : OF_A_VALUE;
    const allowed = request?.allowed ?? Object.keys(choices);
    for (const type of allowed) {
      if (Object.hasOwn(choices, type)) this.#offer(type, choices[type](request));
    }
  }

  /** `isOpen`: choices can be made; `sent`: the decision that was made, or null. */
  draw(isOpen, sent) {
    fill(this.#input, this.#given);
    this.#controls.hidden = !isOpen;
    const chosen = this.#collects ? this.decision : null;
    const told = isOpen ? chosen : sent;
    this.#outcome.hidden = told === null;
    if (told) setText(this.#outcome, inWords(told, !isOpen));
    if (!this.#collects) return;
    for (const [type, button] of this.#buttons) button.setAttribute("aria-pressed", String(chosen?.type === type));
  }

  #offer(type, { label, form }) {
    if (!label) return this.#add(form, null);
    const classes = type === "approve" ? "choice primary" : "choice quiet";
    const button = element("button", { type: "button", class: classes }, label);
    this.#buttons.set(type, button);
    this.#choices.append(button);
    const opened = form && this.#add(form, () => this.#swap(opened, false, button));
    button.addEventListener("click", () => (form ? this.#swap(opened, true, opened) : this.#choose({ type })));
  }

  #add(form, onBack) {
    const onDecision = (decision) => {
      if (this.#collects) onBack?.();
      this.#choose(decision);
    };
    const added = new DecisionForm(form, { onDecision, onBack });
    added.node.hidden = onBack !== null;
    this.#controls.append(added.node);
    return added;
  }

  /** A form that is open stands in the choices' place. */
  #swap(form, isOpen, focused) {
    form.node.hidden = !isOpen;
    this.#choices.hidden = isOpen;
    focused.focus();
  }

  #choose(decision) {
    this.decision = decision;
    this.#onChoice();
  }
}

function indented(value) {
  return JSON.stringify(value, null, 2);
}
