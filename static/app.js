/** The page: a prompt becomes a run, its events become a state, and the state is shown. */

import { caughtUp, decided, goneOn, sending, undecided, waitsFor } from "./approvals.js";
import { ChainPicker } from "./chain-picker.js";
import { Composer } from "./composer.js";
import { NEW_CONNECTION, moved } from "./connection.js";
import { setText } from "./element.js";
import { inFrames } from "./frames.js";
import { Inspector } from "./inspector.js";
import { ModelPicker } from "./model-picker.js";
import { RunStream } from "./run-stream.js";
import { RunView } from "./run-view.js";
import { showTheEnd } from "./scrolling.js";
import { statusOf } from "./status.js";
import { switchTheme } from "./theme-switch.js";
import { NAMES, NEW_RUN, fromSnapshot, reduce, refused } from "./transcript.js";

const log = document.querySelector("#log");
const status = document.querySelector("#status");
let stream = null;
let state = "idle";

switchTheme(document.querySelector("#theme"));
const inspector = new Inspector({
  drawer: document.querySelector("#inspector"),
  toggle: document.querySelector("#inspect"),
});

const composer = new Composer({
  form: document.querySelector("#composer"),
  onSend: start,
  onStop: () => stream?.stop(),
  onDrop: () => stream?.drop(),
});

const models = new ModelPicker(document.querySelector("#model"));
const picker = new ChainPicker({
  select: document.querySelector("#chain"),
  about: document.querySelector("#about"),
  examples: document.querySelector("#examples"),
  models,
  onExample: (prompt) => composer.fill(prompt),
});

function start(query) {
  const view = new RunView(query, { onDecide: decide });
  let run = NEW_RUN;
  let connection = NEW_CONNECTION;

  const showStatus = inFrames(() => {
    setText(status, statusOf(run, connection));
    status.dataset.state = run.end ? run.status : connection.state;
  });
  const show = () => {
    view.show(run, connection);
    showStatus();
  };
  const become = (next) => {
    run = next;
    show();
    setState(stateOf(run));
  };
  function decide(interruptId, decisions) {
    become(sending(run, interruptId, decisions));
    stream.decide(interruptId, decisions);
  }

  const key = crypto.getRandomValues(new Uint32Array(2)).join("");
  const body = { input: query, chain: picker.chain ?? undefined, model: models.model ?? undefined };
  inspector.begin(key, { prompt: query, request: body });
  document.body.classList.remove("fresh");
  log.append(view.node);
  setState("running");
  showTheEnd(view.node);
  stream = new RunStream({
    query,
    chain: picker.chain,
    model: models.model,
    names: NAMES,
    on: {
      raw: (frame) => inspector.raw(key, frame),
      event: (name, data) => {
        become(reduce(run, name, data));
        if (name === "run") inspector.known(key, data.run_id);
      },
      gap: (snapshot) => become(fromSnapshot(run, snapshot)),
      paused: (interruptIds) => become(waitsFor(run, interruptIds)),
      waits: (approvals) => become(caughtUp(run, approvals)),
      decided: (interruptId, decisions, goesOn) => {
        const next = decided(run, interruptId, decisions);
        become(goesOn ? goneOn(next) : next);
      },
      undecided: (interruptId, problem) => become(undecided(run, interruptId, problem)),
      refused: (problem) => become(refused(run, problem)),
      connection: (...to) => {
        inspector.connection(key, ...to);
        connection = moved(connection, ...to);
        show();
      },
    },
  });
}

function stateOf({ status, end }) {
  if (end) return "idle";
  return status === "waiting" ? "waiting" : "running";
}

function setState(next) {
  if (next === state) return;
  state = next;
  composer.state = state;
  document.body.classList.toggle("running", state !== "idle");
  // So that the answer is read out once it is whole, and what waits for a person at once.
  log.setAttribute("aria-busy", String(state === "running"));
}

picker.load();
