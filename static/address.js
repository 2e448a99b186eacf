/**
 * Which conversation the page shows, as its address says: `?thread=…`, at a run of it `&run=…`, or a run alone.
 *
 * A query and no path: it holds wherever the service is mounted, and a reload asks for the same page.
 */

export class Address {
  /** `onMove(place)` when the browser goes back or forward. */
  constructor(onMove) {
    addEventListener("popstate", () => onMove(this.place));
  }

  /** `{thread, run}`, null where the address has none. */
  get place() {
    const query = new URLSearchParams(location.search);
    return { thread: query.get("thread"), run: query.get("run") };
  }

  /** Another conversation: the browser's way back leads to this one. */
  go(place) {
    if (hrefOf(place) !== hrefOf(this.place)) history.pushState(null, "", hrefOf(place));
  }

  /** The same conversation, now here. */
  become(place) {
    history.replaceState(null, "", hrefOf(place));
  }
}

/** Relative to the page. */
export function hrefOf({ thread = null, run = null }) {
  const query = new URLSearchParams({ ...(thread && { thread }), ...(run && { run }) });
  return query.size ? `?${query}` : "./";
}

/** For somebody else. */
export function linkTo(place) {
  return new URL(hrefOf(place), location).href;
}
