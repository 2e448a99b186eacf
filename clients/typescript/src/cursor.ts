/** Ids of events, `<run_id>.<attempt>.<seq>`, and of the frames before an event's last, `<id>.<part>`. */

const ID = /^([0-9a-z]{26})\.\d+\.(\d+)(?:\.(\d+))?$/;
const CURSOR = /^(?:[0-9a-z]{26}\.(?=\d+\.))?(?:\d+\.)?(\d+)$/;

/** The run that an id names; null where it names none. */
export function runIdOf(id: string | undefined): string | null {
  return ID.exec(id ?? "")?.[1] ?? null;
}

/** The number of an event in its run, which counts on from attempt to attempt. */
export function seqOf(cursor: string): number {
  return Number(ID.exec(cursor)?.[2] ?? CURSOR.exec(cursor)?.[1] ?? 0);
}

/** Whether a frame was there already, of a reader whose last frame was `last`. */
export function isSeen(id: string, last: string | null): boolean {
  if (last === null) return false;
  const ahead = seqOf(id) - seqOf(last);
  return ahead < 0 || (ahead === 0 && partOf(id) <= partOf(last));
}

/** An event's last frame bears its id alone, and comes after all parts. */
function partOf(id: string): number {
  return Number(ID.exec(id)?.[3] ?? Infinity);
}
