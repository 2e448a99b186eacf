/** Pure: what a page says of a run's connection. A cut that healed stays told. */

import { cursorOf } from "./cursor.js";

export const NEW_CONNECTION = Object.freeze({ state: "connecting", lastId: null, why: "", resumedAfter: null, cuts: 0 });

export function moved(connection, state, lastId, why) {
  const cut = connection.state === "dropped" || connection.state === "reconnecting";
  if (state === "live" && cut) {
    return { state, lastId, why, resumedAfter: connection.lastId, cuts: connection.cuts + 1 };
  }
  return { ...connection, state, lastId, why };
}

export function sentenceOf({ state, lastId, why, resumedAfter, cuts }) {
  const at = lastId === null ? "no event yet" : `last id ${lastId}`;
  if (state === "connecting") return "connecting";
  if (state === "waiting") return `paused, ${at}`;
  if (state === "dropped") return `connection dropped, ${at}`;
  if (state === "reconnecting") return `reconnecting, ${at}${why && ` (${why})`}`;
  const times = cuts === 1 ? "once" : `${cuts} times`;
  const healed = cuts ? ` · cut ${times}, resumed after ${resumedAfter === null ? "the start" : cursorOf(resumedAfter)}` : "";
  return `${state === "live" ? "live, " : ""}${at}${healed}`;
}
