/**
 * The key that the service is asked with: kept in sessionStorage, so that it ends with the tab, and in no other place.
 *
 * A browser may refuse its storage: then the key holds until the page is left.
 */

const NAME = `chainstream.key:${location.pathname}`; // the service may be mounted more than once
let unstored = null;

/** Null where none was given. */
export function keptKey() {
  try {
    return sessionStorage.getItem(NAME) ?? unstored;
  } catch {
    return unstored;
  }
}

export function keepKey(key) {
  try {
    sessionStorage.setItem(NAME, key);
  } catch {
    unstored = key;
  }
}

export function forgetKey() {
  unstored = null;
  try {
    sessionStorage.removeItem(NAME);
  } catch {
    // There is no storage.
  }
}
