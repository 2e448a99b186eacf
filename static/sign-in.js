/**
 * The key of this session: asked for once for all requests that wait for one, and forgotten by a button.
 *
 * Where a person gives none, what reads goes without until somebody clicks again; what changes something asks anew.
 */

import { hrefOf } from "./address.js";
import { setText } from "./element.js";
import { forgetKey, keepKey, keptKey } from "./key.js";
import { KeyDialog } from "./key-dialog.js";
import { refusalOf } from "./refusal.js";
import { wordsOf } from "./refusal-words.js";
import { askForKeysBy, requestWith } from "./requests.js";
import { forget } from "./saved-conversation.js";

const VISIBLE = /^[\x21-\x7e]+$/;
const OTHER_LETTERS = "A key has no spaces and no letters with accents.";
const NOT_TAKEN = "The service does not take this key.";
const NO_MORE = "The service does not take the key any more: it was revoked, or its time is over.";
const UNREACHABLE = "The service cannot be reached.";

export class SignIn {
  #button;
  #onLate;
  #dialog = new KeyDialog(complaintAbout);
  #answer = null; // to the question that is open, as a promise
  #isDeclined = false;
  #isMissed = false; // something went without a key

  /** `button` forgets the key, or asks for one that is missing; `onLate()` when one comes after all. */
  constructor({ button, onLate }) {
    this.#button = button;
    this.#onLate = onLate;
    button.addEventListener("click", () => (keptKey() === null ? this.#ask() : leave()));
    document.addEventListener("click", () => (this.#isDeclined = false), { capture: true });
    askForKeysBy((refused, isRead) => this.#keyInsteadOf(refused, isRead));
    this.#show();
  }

  async #keyInsteadOf(refused, isRead) {
    const kept = keptKey();
    if (kept !== null && kept !== refused) return kept;
    if (isRead && this.#isDeclined) return null;
    return this.#ask(refused === null ? "" : NO_MORE);
  }

  #ask(complaint) {
    this.#answer ??= this.#asked(complaint);
    return this.#answer;
  }

  async #asked(complaint) {
    forgetKey();
    const key = await this.#dialog.ask(complaint);
    this.#answer = null;
    const isLate = this.#isMissed && key !== null;
    this.#isDeclined = this.#isMissed = key === null;
    if (key !== null) keepKey(key);
    this.#show();
    if (isLate) this.#onLate();
    return key;
  }

  #show() {
    const isKept = keptKey() !== null;
    this.#button.hidden = !isKept && !this.#isMissed;
    this.#button.title = isKept ? "Forget the key" : "Enter the key";
    setText(this.#button.querySelector("span"), isKept ? "Forget key" : "Enter key");
  }
}

async function complaintAbout(key) {
  if (!VISIBLE.test(key)) return OTHER_LETTERS;
  try {
    const response = await requestWith(key, "chains", { cache: "no-store" });
    if (response.ok) return "";
    const refusal = await refusalOf(response);
    if (refusal.code === "scope_missing") return ""; // it is known, whatever it may do
    return refusal.status === 401 ? NOT_TAKEN : wordsOf(refusal);
  } catch {
    return UNREACHABLE;
  }
}

/** Nothing stays of what was shown, nor on the way back to it. */
function leave() {
  forgetKey();
  forget();
  document.body.replaceChildren();
  addEventListener("pageshow", () => location.reload());
  location.replace(hrefOf({}));
}
