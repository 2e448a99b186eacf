/** A conversation as a tree of runs: a run follows another, and what was asked again stands beside it. */

export class Thread {
  #runs;

  /** `runs` as the service tells of them, the oldest first; the `id` is null where there is no thread yet. */
  constructor(id = null, runs = []) {
    this.id = id;
    this.#runs = runs;
  }

  find(runId) {
    return this.#runs.find(({ run_id: id }) => id === runId) ?? null;
  }

  get latest() {
    return this.#runs.at(-1)?.run_id ?? null;
  }

  /** The runs that lead to one, from the first on. */
  branchTo(runId) {
    const found = [];
    for (let run = this.find(runId); run && !found.includes(run); run = this.find(run.parent_run_id)) found.push(run);
    return found.reverse();
  }

  /** The runs that follow the same one. */
  after(parentRunId) {
    return this.#runs.filter(({ parent_run_id: id }) => id === parentRunId);
  }

  /** The newest of all that follows a run, or itself. */
  latestUnder(runId) {
    const under = [runId];
    for (const { run_id: id, parent_run_id: parent } of this.#runs) if (under.includes(parent)) under.push(id);
    return under.at(-1);
  }

  /** A run has begun here, or is now otherwise. */
  put(run) {
    const at = this.#runs.findIndex(({ run_id: id }) => id === run.run_id);
    if (at < 0) this.#runs.push(run);
    else this.#runs[at] = { ...this.#runs[at], ...run };
  }
}
