/** The connection to the gateway: requests and their answers, pings, and coming back after a loss. */

import { Backoff } from "./backoff.js";
import { read, SUBPROTOCOL, written, type Ack, type Message, type Request } from "./wire.js";

export type LinkState = "closed" | "connecting" | "connected" | "ready" | "waiting";

/** The part of a WebSocket we use. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  send(text: string): void;
  close(): void;
}

/** What the gateway needs of the world, so that a test can be another world. */
export interface World {
  open(url: string, subprotocol: string): Socket;
  after(milliseconds: number, run: () => void): Cancel;
  every(milliseconds: number, run: () => void): Cancel;
  transaction(): string;
}

export type Cancel = () => void;

export interface GatewayListener {
  linkChanged(state: LinkState, retryInSeconds: number): void;
  received(message: Message): void;
}

/** A request was refused, or the connection went away under it. */
export class Refused extends Error {}

/** A ping goes out this often, counted from the opening of the socket. */
const PING_EVERY_MS = 5000;

/** After so many pings without an answer the connection is dead, whatever the socket says. */
const PINGS_WITHOUT_ANSWER = 6;

interface Waiting {
  answered(ack: Ack): void;
  failed(error: Refused): void;
  isPing: boolean;
}

export class Gateway {
  readonly #url: string;
  readonly #listener: GatewayListener;
  readonly #world: World;
  readonly #backoff = new Backoff();
  readonly #waiting = new Map<string, Waiting>();
  #socket: Socket | undefined;
  #state: LinkState = "closed";
  #pingsOut = 0;
  #stopPings: Cancel = () => {};
  #stopRetry: Cancel = () => {};

  constructor(url: string, listener: GatewayListener, world: World = browser) {
    this.#url = url;
    this.#listener = listener;
    this.#world = world;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Connects, and keeps connecting until `stop`. */
  start(): void {
    if (this.#state === "closed") {
      this.#retry();
    }
  }

  /** Closes for good. */
  stop(): void {
    this.#stopRetry();
    this.#drop();
    this.#change("closed");
  }

  /** Waits no longer for the next attempt. */
  retryNow(): void {
    if (this.#state === "waiting") {
      this.#stopRetry();
      this.#connect();
    }
  }

  /** Sends a request; the promise fails with `Refused`. */
  ask(request: Request): Promise<Ack> {
    const socket = this.#socket;
    if (this.#state !== "ready" || socket === undefined) {
      return Promise.reject(new Refused("There is no connection to the server."));
    }
    const transaction = this.#world.transaction();
    return new Promise((resolve, reject) => {
      this.#waiting.set(transaction, { answered: resolve, failed: reject, isPing: request.sylkrtc === "ping" });
      socket.send(written(request, transaction));
    });
  }

  #retry(): void {
    const seconds = this.#backoff.wait();
    this.#stopRetry = this.#world.after(seconds * 1000, () => this.#connect());
    this.#change("waiting", seconds);
  }

  #connect(): void {
    this.#change("connecting");
    let socket: Socket;
    try {
      socket = this.#world.open(this.#url, SUBPROTOCOL);
    } catch {
      // The browser forbids this address to this page; it may be another one after the next reload.
      this.#retry();
      return;
    }
    this.#socket = socket;
    socket.onopen = () => {
      this.#backoff.opened();
      this.#pingsOut = 0;
      this.#stopPings = this.#world.every(PING_EVERY_MS, () => this.#ping());
      this.#change("connected");
    };
    socket.onmessage = (event) => {
      const message = typeof event.data === "string" ? read(event.data) : undefined;
      if (message !== undefined) {
        this.#take(message);
      }
    };
    socket.onclose = () => this.#lost();
  }

  #take(message: Message): void {
    switch (message.kind) {
      case "ready":
        this.#change("ready");
        return;
      case "ack":
      case "error": {
        const waiting = this.#waiting.get(message.transaction);
        this.#waiting.delete(message.transaction);
        if (waiting?.isPing === true) {
          this.#pingsOut = 0;
        }
        if (message.kind === "ack") {
          waiting?.answered(message.ack);
        } else {
          waiting?.failed(new Refused(message.error));
        }
        return;
      }
      default:
        this.#listener.received(message);
    }
  }

  /** Counts even while it cannot send, so that a server that never gets ready is left as well. */
  #ping(): void {
    this.#pingsOut += 1;
    if (this.#pingsOut >= PINGS_WITHOUT_ANSWER) {
      this.#lost();
      return;
    }
    if (this.#state === "ready") {
      this.ask({ sylkrtc: "ping" }).catch(() => {});
    }
  }

  #lost(): void {
    this.#drop();
    this.#retry();
  }

  /** Lets the socket go. Its own closing handshake may take minutes on a dead link; nobody waits for it. */
  #drop(): void {
    this.#stopPings();
    this.#stopPings = () => {};
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of waiting) {
      one.failed(new Refused("The connection to the server was lost."));
    }
  }

  #change(state: LinkState, retryInSeconds = 0): void {
    this.#state = state;
    this.#listener.linkChanged(state, retryInSeconds);
  }
}

/** Sixteen random bytes in the layout of a UUIDv4. `crypto.randomUUID` is not there on plain http pages. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const browser: World = {
  open: (url, subprotocol) => new WebSocket(url, subprotocol) as unknown as Socket,
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
  every: (milliseconds, run) => {
    const timer = setInterval(run, milliseconds);
    return () => clearInterval(timer);
  },
  transaction: uuid,
};
