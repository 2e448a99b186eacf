/** What this client needs of a WebSocket: browsers, Node.js from 22 on, and the package `ws` have it. */

export interface SocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: "open", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  addEventListener(type: "error", listener: () => void): void;
}

export type SocketConstructor = new (url: string, protocols?: string[]) => SocketLike;

/** The given one, else the platform's. Raises TypeError where there is none. */
export function socketConstructor(given: SocketConstructor | undefined): SocketConstructor {
  const found = given ?? (globalThis as { WebSocket?: SocketConstructor }).WebSocket;
  if (!found) throw new TypeError("There is no WebSocket here: give one as an option, of the package ws for example.");
  return found;
}

/** Over HTTP's scheme the same, and relative to the page's address. */
export function socketUrl(url: string): string {
  const here = (globalThis as { location?: { href?: string } }).location?.href;
  const whole = new URL(url, here);
  whole.protocol = whole.protocol.replace("http", "ws");
  return whole.href;
}
