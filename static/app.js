/** The page: what is written in the composer becomes turns of a conversation, and the newest is told of all over it. */

import { Announcer } from "./announcer.js";
import { catalogue } from "./catalogue.js";
import { ChainPicker } from "./chain-picker.js";
import { Choice } from "./choice.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { setText } from "./element.js";
import { inFrames } from "./frames.js";
import { Inspector } from "./inspector.js";
import { ModelPicker } from "./model-picker.js";
import { Parameters } from "./parameters.js";
import { wordsOf } from "./refusal-words.js";
import { saved } from "./saved-conversation.js";
import { EndInSight } from "./scrolling.js";
import { Sidebar } from "./sidebar.js";
import { SignIn } from "./sign-in.js";
import { statusOf } from "./status.js";
import { switchTheme } from "./theme-switch.js";
import { toolsSwitch } from "./tools-switch.js";
import { Visits } from "./visits.js";

const [log, form, status] = ["#log", "#composer", "#status"].map((id) => document.querySelector(id));
const NAME = document.title;
let newest = null;
let state = "idle";

switchTheme(document.querySelector("#theme"));
toolsSwitch(document.querySelector("#tools-switch"));

const composer = new Composer({
  form,
  onSend: (prompt) => conversation.ask(prompt),
  onStop: () => conversation.last?.stop(),
  onDrop: () => conversation.last?.drop(),
  onNew: () => begin(),
});
const end = new EndInSight({
  log,
  composer: form,
  button: document.querySelector("#to-end"),
  onBack: () => composer.takeFocus(),
});
const announcer = new Announcer(document.querySelector("#announcer"));
const inspector = new Inspector({
  drawer: document.querySelector("#inspector"),
  toggle: document.querySelector("#inspect"),
  onOpen: () => sidebar.makeRoom(),
});

const models = new ModelPicker(document.querySelector("#model"));
const parameters = new Parameters(document.querySelector("#parameters"));
const chains = new ChainPicker({
  select: document.querySelector("#chain"),
  about: document.querySelector("#about"),
  examples: document.querySelector("#examples"),
  onChoice: (chain) => {
    models.follow(chain);
    parameters.follow(chain);
  },
  onExample: (prompt) => composer.fill(prompt),
});
const conversation = new Conversation({
  log,
  choice: new Choice({ chains, models, parameters }),
  inspector,
  on: {
    leaves: () => composer.takeFocus(),
    changed: showNewest,
    moved: (place) => {
      visits.moved(place);
      sidebar.current = place.thread;
    },
    begun: (asked) => {
      sidebar.touch(asked);
      if (asked.threadId === conversation.threadId) entitle(sidebar.titleOf(asked.threadId));
    },
    linkOf: (place) => visits.linkTo(place),
  },
});
const visits = new Visits({
  conversation,
  notice: document.querySelector("#notice"),
  onShow: (thread) => {
    sidebar.current = thread?.threadId ?? null;
    entitle(thread?.title);
  },
  onAim: (node) => end.aimAt(node),
});
const sidebar = new Sidebar({
  drawer: document.querySelector("#sidebar"),
  toggle: document.querySelector("#threads"),
  on: {
    open: (place) => visits.go(place),
    begins: () => {
      begin();
      composer.takeFocus();
    },
    gone: (threadId) => threadId === conversation.threadId && begin(),
    renamed: () => entitle(sidebar.titleOf(conversation.threadId)),
  },
});

const draw = inFrames(() => {
  setText(status, newest ? statusOf(newest.run, newest.connection) : "");
  status.dataset.state = newest ? shadeOf(newest) : "idle";
  if (newest && !newest.isStored) announcer.follow(newest.answer);
  if (state === "idle") announcer.end();
});

function shadeOf({ run, connection }) {
  return run.end ? run.status : connection.state;
}

function showNewest() {
  if (conversation.last !== newest) becomeNewest(conversation.last);
  setState(conversation.state);
  draw();
}

function becomeNewest(turn) {
  newest = turn;
  document.body.classList.toggle("fresh", turn === null);
  document.body.classList.remove("choosing");
  announcer.begin();
  if (turn) end.show();
}

function setState(next) {
  if (next === state) return;
  state = next;
  composer.state = state;
  document.body.classList.toggle("running", state !== "idle");
  log.setAttribute("aria-busy", String(state === "running"));
}

function begin() {
  conversation.clear();
  visits.begin();
}

function entitle(title) {
  document.title = title ? `${title} · ${NAME}` : NAME;
}

async function offerChains({ chain, model }) {
  try {
    const offered = await catalogue();
    models.offer(offered.models, model);
    chains.offer(offered.chains, chain);
  } catch (error) {
    chains.offerNone(wordsOf(error));
  }
}

form.addEventListener("change", ({ target }) => {
  document.body.classList.toggle("choosing", target.id === "chain");
  conversation.save();
});

const { turn, chosen } = saved();
const { parameters: set, ...offered } = chosen;
if (set) parameters.chosen = set;
new SignIn({ button: document.querySelector("#key"), onLate: loadAgain });
visits.show(visits.place, turn);
load();

/** Some of it could not be had. A run that is followed goes on as it is. */
function loadAgain() {
  const unfinished = saved().turn ?? turn;
  if (conversation.state === "idle") {
    conversation.leave();
    visits.show(visits.place, unfinished?.request.thread_id === visits.place.thread ? unfinished : null);
  }
  load();
}

function load() {
  sidebar.load();
  offerChains({ chain: chains.chain ?? offered.chain, model: models.chosen ?? offered.model });
}
