/** Panels of which one is in sight, chosen by tabs: arrows, Home and End go from tab to tab. */

import { element } from "./element.js";

export class Tabs {
  #tabs;
  #panels;
  #onOpen;
  #at = 0;
  list;

  /** `panels`: [{name, node}]; `onOpen(index)` when another is in sight. */
  constructor(id, label, panels, onOpen) {
    this.#onOpen = onOpen;
    this.#tabs = panels.map(({ name }, index) => {
      const attributes = { type: "button", role: "tab", id: `${id}-tab-${index}`, "aria-controls": `${id}-panel-${index}` };
      const tab = element("button", attributes, name);
      tab.addEventListener("click", () => this.#open(index));
      return tab;
    });
    this.#panels = panels.map(({ node }, index) => {
      const attributes = { role: "tabpanel", id: `${id}-panel-${index}`, "aria-labelledby": `${id}-tab-${index}` };
      return element("div", attributes, node);
    });
    this.list = element("div", { class: "tabs", role: "tablist", "aria-label": label }, ...this.#tabs);
    this.list.addEventListener("keydown", (event) => this.#onKey(event));
    this.#draw();
  }

  get nodes() {
    return [this.list, ...this.#panels];
  }

  get at() {
    return this.#at;
  }

  #onKey(event) {
    const count = this.#tabs.length;
    const to = {
      ArrowRight: (this.#at + 1) % count,
      ArrowLeft: (this.#at + count - 1) % count,
      Home: 0,
      End: count - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#open(to);
    this.#tabs[to].focus();
  }

  #open(index) {
    if (index === this.#at) return;
    this.#at = index;
    this.#draw();
    this.#onOpen(index);
  }

  #draw() {
    this.#tabs.forEach((tab, index) => {
      tab.setAttribute("aria-selected", String(index === this.#at));
      tab.tabIndex = index === this.#at ? 0 : -1;
    });
    this.#panels.forEach((panel, index) => (panel.hidden = index !== this.#at));
  }
}
