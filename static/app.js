/** The page: a prompt becomes a run, its events become a state, and the state is shown. */

import { ChainPicker } from "./chain-picker.js";
import { Composer } from "./composer.js";
import { NEW_CONNECTION, moved } from "./connection.js";
import { setText } from "./element.js";
import { inFrames } from "./frames.js";
import { RunStream } from "./run-stream.js";
import { RunView } from "./run-view.js";
import { showTheEnd } from "./scrolling.js";
import { statusOf } from "./status.js";
import { NAMES, NEW_RUN, fromSnapshot, reduce, refused } from "./transcript.js";

const log = document.querySelector("#log");
const status = document.querySelector("#status");
let stream = null;

const composer = new Composer({
  form: document.querySelector("#composer"),
  onSend: start,
  onStop: () => stream?.stop(),
  onDrop: () => stream?.drop(),
});

const picker = new ChainPicker({
  select: document.querySelector("#chain"),
  about: document.querySelector("#about"),
  examples: document.querySelector("#examples"),
  onExample: (prompt) => composer.fill(prompt),
});

function start(query) {
  const view = new RunView(query);
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
    if (run.end) setRunning(false);
  };

  document.body.classList.remove("fresh");
  log.append(view.node);
  setRunning(true);
  showTheEnd(view.node);
  stream = new RunStream({
    query,
    chain: picker.chain,
    names: NAMES,
    on: {
      event: (name, data) => become(reduce(run, name, data)),
      gap: (snapshot) => become(fromSnapshot(run, snapshot)),
      refused: (problem) => become(refused(run, problem)),
      connection: (...to) => {
        connection = moved(connection, ...to);
        show();
      },
    },
  });
}

function setRunning(running) {
  composer.running = running;
  document.body.classList.toggle("running", running);
  log.setAttribute("aria-busy", String(running)); // so that the answer is read out once it is whole
}

picker.load();
