/** A thread in the list: a link to it with its time, renamed in place, and deleted after it was asked twice. */

import { hrefOf } from "./address.js";
import { element, setText } from "./element.js";
import { shortTime } from "./short-time.js";

const PEN = "M11.5 3.5l3 3L6 15H3v-3zM9.800 5.200l3 3";
const BIN = "M3.500 5h11M7 5V3.500h4V5M5 5l.7 9.500h6.600L13 5M7.500 8v4M10.500 8v4";

export class ThreadRow {
  #thread;
  #on;
  #title = element("span", { class: "title" });
  #time = element("time");
  #link = element("a", { class: "thread" }, this.#title, this.#time);
  #rename = iconButton(PEN, () => this.#edit());
  #delete = iconButton(BIN, () => this.#confirm());
  #buttons = element("span", { class: "row-buttons" }, this.#rename, this.#delete);

  /** Tells `on`: `open(threadId)`, `rename(threadId, title)`, `remove(threadId)`. */
  constructor(thread, on) {
    this.#on = on;
    this.node = element("li", { class: "row" }, this.#link, this.#buttons);
    this.#link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // in another tab, as any link
      event.preventDefault();
      on.open(this.#thread.thread_id);
    });
    this.thread = thread;
  }

  get thread() {
    return this.#thread;
  }

  set thread(thread) {
    this.#thread = thread;
    const title = thread.title || "Untitled";
    const updated = new Date(thread.updated_at);
    this.#link.href = hrefOf({ thread: thread.thread_id });
    this.#link.title = title;
    setText(this.#title, title);
    setText(this.#time, shortTime(updated, new Date()));
    this.#time.dateTime = updated.toISOString();
    label(this.#rename, `Rename “${title}”`);
    label(this.#delete, `Delete “${title}”`);
  }

  set isCurrent(isCurrent) {
    if (isCurrent) this.#link.setAttribute("aria-current", "page");
    else this.#link.removeAttribute("aria-current");
  }

  #edit() {
    const field = element("input", { "aria-label": "Title", maxlength: "200", value: this.#thread.title });
    const form = element("form", { class: "renaming" }, field);
    let isOver = false; // a field that goes loses its focus once more
    const leave = (focuses) => {
      isOver = true;
      this.#become(this.#link, this.#buttons);
      if (focuses) this.#link.focus();
    };
    const save = (focuses) => {
      if (isOver) return;
      const title = field.value.trim();
      leave(focuses);
      if (title && title !== this.#thread.title) this.#on.rename(this.#thread.thread_id, title);
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      save(true);
    });
    field.addEventListener("blur", () => save(false));
    onEscape(form, () => leave(true));
    this.#become(form);
    field.select();
  }

  #confirm() {
    const question = element("p", {}, "Delete this conversation?");
    const remove = element("button", { type: "button", class: "small danger" }, "Delete");
    const keep = element("button", { type: "button", class: "small" }, "Keep");
    const label = `Delete “${this.#thread.title || "Untitled"}”?`;
    const group = element("div", { class: "confirming", role: "group", "aria-label": label }, question, remove, keep);
    const leave = () => {
      this.#become(this.#link, this.#buttons);
      this.#delete.focus();
    };
    remove.addEventListener("click", () => this.#on.remove(this.#thread.thread_id));
    keep.addEventListener("click", leave);
    onEscape(group, leave);
    this.#become(group);
    keep.focus();
  }

  #become(...nodes) {
    this.node.replaceChildren(...nodes);
  }
}

function onEscape(node, leave) {
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation(); // it neither stops the run nor closes the drawer
    leave();
  });
}

function iconButton(path, onClick) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 18 18");
  svg.setAttribute("aria-hidden", "true");
  drawn.setAttribute("d", path);
  svg.append(drawn);
  const button = element("button", { type: "button", class: "icon" }, svg);
  button.addEventListener("click", onClick);
  return button;
}

function label(button, text) {
  button.setAttribute("aria-label", text);
  button.title = text;
}
