/** Where a prompt is written: Enter sends it, Shift+Enter breaks the line, Esc stops the run. */

export class Composer {
  #box;
  #send;
  #stop;
  #drop;
  #new;
  #state = "idle";

  constructor({ form, onSend, onStop, onDrop, onNew }) {
    this.#box = form.querySelector("textarea");
    [this.#send, this.#stop, this.#drop, this.#new] = ["send", "stop", "drop", "new"].map((id) =>
      form.querySelector(`#${id}`),
    );
    this.#box.addEventListener("keydown", (event) => this.#onKey(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(onSend);
    });
    this.#stop.addEventListener("click", onStop);
    this.#drop.addEventListener("click", onDrop);
    this.#new.addEventListener("click", () => {
      onNew();
      if (!matchMedia("(hover: none)").matches) this.#box.focus();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#running && !event.isComposing) onStop();
    });
  }

  /** Put a prompt into the box, to be looked at before it is sent. */
  fill(prompt) {
    this.#box.value = prompt;
    this.#box.focus();
  }

  /** Take a keyboard user's focus from what goes; others would get a phone's keyboard. */
  takeFocus() {
    if (document.activeElement.matches(":focus-visible") && !matchMedia("(hover: none)").matches) this.#box.focus();
  }

  /** `idle`, `running`, or `waiting` for a person, when there is no connection to drop. */
  set state(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#show(this.#send, state === "idle");
    this.#show(this.#stop, state !== "idle");
    this.#show(this.#drop, state === "running");
  }

  get #running() {
    return this.#state !== "idle";
  }

  #show(button, shown) {
    if (!shown && button === document.activeElement) this.takeFocus();
    button.hidden = !shown;
  }

  #onKey(event) {
    // While an input method composes, Enter takes its proposal; 229 is what Safari says then.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#box.form.requestSubmit();
  }

  #submit(onSend) {
    const prompt = this.#box.value;
    if (this.#running || !prompt.trim()) return;
    this.#box.value = "";
    onSend(prompt);
  }
}
