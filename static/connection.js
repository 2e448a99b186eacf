/**
 * Pure: what a page says of a run's connection. A cut that healed stays told, and what it brought.
 *
 * Events that came after a cut were caught up if they happened before the connection was back. The service tells of
 * each when it happened in its run, `t`; when the run began by this page's clock, `began`, is told when it is started,
 * and put right by the events that come live. `missing` counts the numbers that were left out: there should be none.
 */

import { cursorOf } from "./cursor.js";

export const NEW_CONNECTION = Object.freeze({
  state: "connecting",
  lastId: null,
  why: "",
  resumedAfter: null,
  cuts: 0,
  reloaded: false,
  caughtUp: 0,
  missing: 0,
  began: Infinity,
  backAt: null,
});

const CUT = new Set(["dropped", "reconnecting"]);

/** The connection of a page that was loaded again in the middle of a run, or after it. */
export function reloaded(began) {
  return { ...NEW_CONNECTION, began: began ?? Infinity, reloaded: true };
}

/** `at` is this page's time. */
export function moved(connection, state, lastId, why, at) {
  const next = { ...connection, state, lastId, why };
  if (CUT.has(state) && !CUT.has(connection.state)) return { ...next, resumedAfter: connection.lastId };
  if (state !== "live") return next;
  if (CUT.has(connection.state)) return { ...next, cuts: connection.cuts + 1, caughtUp: 0, backAt: at };
  const isFirst = connection.state === "connecting" && connection.lastId === null;
  return connection.reloaded && isFirst ? { ...next, backAt: at } : next;
}

/** An event came: its id, when it happened in its run, and when it is here. */
export function heard(connection, id, t, at) {
  const missing = connection.missing + leftOut(connection.lastId, id);
  if (isBacklog(connection, t)) return { ...connection, missing, caughtUp: connection.caughtUp + 1 };
  return { ...connection, missing, began: Math.min(connection.began, at - t), backAt: null };
}

export function sentenceOf(connection) {
  const { state, lastId, why } = connection;
  const at = lastId === null ? "no event yet" : `last id ${lastId}`;
  if (state === "connecting" || state === "reading") return state;
  if (state === "closed" && why) return why;
  if (state === "waiting") return `paused, ${at}`;
  if (state === "dropped") return `connection dropped, ${at}`;
  if (state === "reconnecting") return `reconnecting, ${at}${why && ` (${why})`}`;
  return `${state === "live" ? "live, " : ""}${at}`;
}

/** What came of the last cut or reload; empty where there was none. */
export function healingOf({ state, lastId, resumedAfter, cuts, reloaded, caughtUp, missing }) {
  if (CUT.has(state) || (!cuts && !reloaded)) return "";
  if (lastId === null) return "";
  const lost = missing ? `${missing} lost` : "none lost or repeated";
  const events = `${caughtUp} ${caughtUp === 1 ? "event" : "events"}`;
  if (!cuts) return `Page reloaded, ${events} read again, ${lost}`;
  const times = cuts === 1 ? "once" : `${cuts} times`;
  const from = resumedAfter === null ? "the start" : cursorOf(resumedAfter);
  return `Healed: cut ${times}, resumed after ${from}, ${events} caught up, ${lost}`;
}

function isBacklog({ backAt, began }, t) {
  return backAt !== null && t <= backAt - (began === Infinity ? 0 : began);
}

/** How many numbers lie between two ids. */
function leftOut(lastId, id) {
  return Math.max(0, seqOf(id) - (lastId === null ? 0 : seqOf(lastId)) - 1);
}

function seqOf(id) {
  return Number(id.split(".")[2]);
}
