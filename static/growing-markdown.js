/**
 * Markdown that grows, as DOM: what is finished keeps its nodes, and only what is open is read and drawn again.
 *
 * The work is linear in the text, whatever it is: a finished block is read once more at most; code in an open fence is
 * appended; of a long list only the last two items are open; and any other block that is long is read again only when
 * it has grown by a sixteenth, while what comes meanwhile is shown as it is written.
 */

import { CodeBlock } from "./code-block.js";
import { element } from "./element.js";
import { blocksOf, rendered } from "./markdown.js";
import { openFence } from "./open-fence.js";

const LONG = 3_000;
const GROWTH = 1 / 16;
const DECISIVE = 16; // characters: longer than every mark with which a line begins
const BEGUN = new Set(["paragraph", "heading", "list", "blockquote"]);
const VOID = new Set(["BR", "HR"]);

export class GrowingMarkdown {
  #taken = 0;
  #open = ""; // the text of what is not finished
  #read = 0; // how much of it is drawn as Markdown
  #drawn = []; // its nodes
  #fence = null;
  #list = null; // of which the first items are finished, and what is open is the rest

  constructor(attributes) {
    this.node = element("div", attributes);
  }

  /** Show this text, of which the last one was the beginning; `complete`: there is no more. */
  show(text, complete = false) {
    const added = this.#take(text, complete);
    if (this.#fence) return this.#writeCode(added);
    const gap = /\s$/.test(this.#open); // which is not drawn at a block's end
    this.#open += added;
    if (complete ? this.#read < this.#open.length : this.#isDue(added)) this.#draw();
    else if (added) this.#writeOn(added, gap);
  }

  /** What is new, its lines ended by LF; whether a CR at the end is half of a line's end is not known yet. */
  #take(text, complete) {
    const end = text.endsWith("\r") && !complete ? text.length - 1 : text.length;
    const added = text.slice(this.#taken, end).replace(/\r\n?/g, "\n");
    this.#taken = end;
    return added;
  }

  #isDue(added) {
    if (added === "") return false;
    return this.#open.length <= LONG || this.#open.length - this.#read >= this.#open.length * GROWTH;
  }

  #draw() {
    const blocks = blocksOf(this.#open);
    const count = certainOf(blocks);
    this.#drawn.forEach((node) => node.remove());
    this.#drawn = [];
    this.#finish(blocks.slice(0, count));
    const open = blocks.slice(count);
    this.#open = textOf(open);
    this.#read = this.#open.length;
    if (open.length === 1 && open[0].type === "code" && this.#beginFence()) return;
    this.#drawn = this.#add(this.#withoutItems(open));
  }

  #finish(blocks) {
    this.#add(blocks);
    if (blocks.some(({ type }) => type !== "space")) this.#list = null;
  }

  /** Draw blocks after the others; the items of a list that is begun go to it. Returns the nodes. */
  #add(blocks) {
    if (!blocks.length) return [];
    const fragment = rendered(blocks);
    const items = this.#list && blocks[0].type === "list" ? [...fragment.firstElementChild.children] : [];
    if (items.length) {
      fragment.firstElementChild.remove();
      this.#list.append(...items);
    }
    const nodes = [...items, ...fragment.childNodes];
    this.node.append(fragment);
    return nodes;
  }

  /** Of a long list the items are finished, but for the last two. */
  #withoutItems(blocks) {
    const [list] = blocks;
    if (list?.type !== "list" || list.raw.length <= LONG || list.items.length < 3) return blocks;
    const items = list.items.slice(0, -2);
    const raw = textOf(items);
    if (!this.#open.startsWith(raw)) return blocks;
    const [node] = this.#add([{ ...list, raw, items }]);
    this.#list ??= node;
    this.#open = this.#open.slice(raw.length);
    this.#read = this.#open.length;
    return [{ ...list, raw: list.raw.slice(raw.length), items: list.items.slice(-2) }, ...blocks.slice(1)];
  }

  #beginFence() {
    this.#fence = openFence(this.#open, (language) => new CodeBlock(language));
    if (!this.#fence) return false;
    this.node.append(this.#fence.block.node);
    this.#list = null;
    this.#open = "";
    this.#read = 0;
    return true;
  }

  #writeCode(text) {
    const rest = this.#fence.take(text);
    if (rest === null) return;
    this.#fence = null;
    this.#open = rest;
    this.#draw();
  }

  /** Show text as it is written, at the end of what is open. */
  #writeOn(text, gap) {
    let leaf = this.#drawn.findLast(({ nodeType }) => nodeType === Node.ELEMENT_NODE) ?? this.node;
    for (let next = leaf; next; next = lastIn(next)) leaf = next;
    const apart = gap && !/\s$/.test(leaf.data ?? "") ? ` ${text}` : text;
    if (leaf.nodeType === Node.TEXT_NODE) leaf.appendData(apart);
    else leaf.append(apart);
  }
}

/** The last child that can hold text, or is text that says something. */
function lastIn(node) {
  let child = node.lastChild;
  while (child && (child.nodeType === Node.TEXT_NODE ? !child.data.trim() : VOID.has(child.nodeName))) {
    child = child.previousSibling;
  }
  return child;
}

/** How many of the blocks stay as they are, whatever comes: those before the last that has surely begun. */
function certainOf(blocks) {
  const last = lastBefore(blocks, blocks.length);
  if (last < 0) return 0;
  return hasBegun(blocks[last]) ? last : Math.max(0, lastBefore(blocks, last));
}

function lastBefore(blocks, end) {
  return blocks.slice(0, end).findLastIndex(({ type }) => type !== "space");
}

/** `1` may become `1.`, and `-` a line below a heading: a block has begun once its first line can be no other's. */
function hasBegun({ type, raw }) {
  const text = raw.replace(/^\n+/, "");
  const lines = text.split("\n", 3).length - 1;
  if (type === "table" || (type === "heading" && !/^ {0,3}#/.test(text))) return lines === 2; // told by the second
  return lines > 0 || (BEGUN.has(type) && (/^\p{L}/u.test(text) || text.length >= DECISIVE));
}

function textOf(blocks) {
  return blocks.map(({ raw }) => raw).join("");
}
