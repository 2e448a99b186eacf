/** What a model is told besides the prompt: a system text, its temperature and the length of its answer. */

import { takesMessages } from "./chain-input.js";
import { setText } from "./element.js";

const FIXED = "This chain brings its own model, with parameters of its own.";
const NO_MESSAGES = "This chain takes no system text.";

export class Parameters {
  #details;
  #summary;
  #system;
  #temperature;
  #maxTokens;
  #note;

  /** `details` has the fields; it closes with Esc, and when something else is pressed or has the focus. */
  constructor(details) {
    this.#details = details;
    this.#summary = details.querySelector("summary");
    this.#note = details.querySelector(".note");
    [this.#system, this.#temperature, this.#maxTokens] = ["system", "temperature", "max-tokens"].map((id) =>
      details.querySelector(`#${id}`),
    );
    details.addEventListener("input", () => this.#count());
    // A form says what is wrong with a field only where the field is seen.
    details.addEventListener("invalid", () => (details.open = true), { capture: true });
    details.addEventListener("keydown", (event) => this.#onKey(event));
    const leave = (to) => details.contains(to) || (details.open = false);
    document.addEventListener("pointerdown", ({ target }) => leave(target));
    details.addEventListener("focusout", ({ relatedTarget: to }) => to && leave(to));
  }

  /** The chain that they are for: what it does not take is grey. */
  follow(chain) {
    const fixed = Boolean(chain?.model_fixed);
    const silent = chain !== undefined && !takesMessages(chain);
    this.#temperature.disabled = this.#maxTokens.disabled = fixed;
    this.#system.disabled = silent;
    setText(this.#note, [fixed && FIXED, silent && NO_MESSAGES].filter(Boolean).join(" "));
    this.#count();
  }

  /** What a request for this chain has of them. */
  askedOf(chain) {
    const params = {
      ...given("temperature", this.#temperature, chain?.model_fixed),
      ...given("max_tokens", this.#maxTokens, chain?.model_fixed),
    };
    const system = this.#system.value.trim();
    return {
      ...(Object.keys(params).length && { params }),
      ...(system && (chain === undefined || takesMessages(chain)) && { system }),
    };
  }

  get chosen() {
    return { system: this.#system.value, temperature: this.#temperature.value, maxTokens: this.#maxTokens.value };
  }

  set chosen({ system = "", temperature = "", maxTokens = "" }) {
    this.#system.value = system;
    this.#temperature.value = temperature;
    this.#maxTokens.value = maxTokens;
    this.#count();
  }

  /** How many are set, where it is seen without opening them. */
  #count() {
    const fields = [this.#system, this.#temperature, this.#maxTokens];
    const count = fields.filter(({ value, disabled }) => !disabled && value.trim()).length;
    setText(this.#summary, count ? `Parameters · ${count}` : "Parameters");
  }

  #onKey(event) {
    if (event.key !== "Escape" || event.isComposing || !this.#details.open) return;
    event.stopPropagation(); // it closes them, and does not stop the run
    this.#details.open = false;
    this.#summary.focus();
  }
}

function given(name, { value }, fixed) {
  return fixed || !value ? {} : { [name]: Number(value) };
}
