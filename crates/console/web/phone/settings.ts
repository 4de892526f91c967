/** What the telephone remembers, and where the gateway is. */

import type { Store } from "./history.js";

export interface Settings {
  user: string;
  domain: string;
  name: string;
  /** Empty: the gateway of the server this page came from. */
  gateway: string;
  /** Echo cancellation, noise suppression and automatic gain. */
  processing: boolean;
}

/** Where this page came from and what its server said about the gateway. */
export interface Origin {
  protocol: string;
  hostname: string;
  wsPort: string;
  wssPort: string;
  path: string;
}

/** The ports the gateway has everywhere unless somebody changed them. */
const USUAL = { ws: "10888", wss: "10889", path: "/webrtcgateway/ws" } as const;

const SETTINGS = "jackfield.phone.settings";
const OPENED = "jackfield.phone.opened";

/** The address to connect to when the person named none. */
export function usualGateway(origin: Origin): string {
  const host = origin.hostname === "" ? "127.0.0.1" : origin.hostname;
  const path = origin.path === "" ? USUAL.path : origin.path;
  return origin.protocol === "https:"
    ? `wss://${host}:${origin.wssPort || USUAL.wss}${path}`
    : `ws://${host}:${origin.wsPort || USUAL.ws}${path}`;
}

/** What is wrong with an address, or nothing. */
export function gatewayFault(address: string, origin: Origin): string | undefined {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return "The server address is not an address. It looks like wss://host:10889/webrtcgateway/ws.";
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    return "The server address must begin with ws:// or wss://.";
  }
  if (url.hash !== "") {
    return "The server address cannot have a part behind #.";
  }
  if (origin.protocol === "https:" && url.protocol === "ws:") {
    return "This page came over https, so the server address must begin with wss://.";
  }
  return undefined;
}

/** The settings as they were left, else the given ones. */
export function recall(store: Store, otherwise: Settings): Settings {
  const kept = parsed(store.getItem(SETTINGS));
  const text = (name: keyof Settings, or: string) => (typeof kept[name] === "string" ? kept[name] : or);
  return {
    user: text("user", otherwise.user),
    domain: text("domain", otherwise.domain),
    name: text("name", otherwise.name),
    gateway: text("gateway", otherwise.gateway),
    processing: typeof kept["processing"] === "boolean" ? kept["processing"] : otherwise.processing,
  };
}

export function remember(store: Store, settings: Settings): void {
  put(store, SETTINGS, settings);
}

/** The opened account: what replaces the password. Kept in the tab alone, and gone with it. */
export function recallOpened(store: Store): { account: string; ha1: string } | undefined {
  const { account, ha1 } = parsed(store.getItem(OPENED));
  return typeof account === "string" && typeof ha1 === "string" && /^[0-9a-f]{32}$/.test(ha1) ? { account, ha1 } : undefined;
}

export function rememberOpened(store: Store, opened: { account: string; ha1: string } | undefined): void {
  if (opened === undefined) {
    store.removeItem(OPENED);
  } else {
    put(store, OPENED, opened);
  }
}

function put(store: Store, key: string, value: object): void {
  try {
    store.setItem(key, JSON.stringify(value));
  } catch {
    // Full or forbidden: it will be asked again.
  }
}

function parsed(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
