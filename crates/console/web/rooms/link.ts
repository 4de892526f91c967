/** The connection to the Event Manager door: asking to be let in, commands and their replies, and coming back. */

import { Backoff } from "../phone/backoff.js";
import type { Cancel, Socket } from "../phone/gateway.js";
import { read, written, type Command, type Failure, type Fields, type Happening } from "./wire.js";

export type LinkState = "closed" | "asking" | "connecting" | "open" | "waiting" | "refused";

/** What the server said when it was asked to let us in; `undefined`: it said nothing. */
export type Admission = { status: number; text: string } | undefined;

/** What the link needs of the world, so that a test can be another world. */
export interface World {
  /** Asks whether somebody with this key may come in. */
  ask(key: string): Promise<Admission>;
  open(key: string): Socket;
  after(milliseconds: number, run: () => void): Cancel;
}

export interface LinkListener {
  linkChanged(state: LinkState, retryInSeconds: number): void;
  /** Not let in. `needsKey`: with the right key it would be. */
  refused(why: string, needsKey: boolean): void;
  happened(happening: Happening): void;
}

/** A command was not done. */
export class NotDone extends Error {
  constructor(readonly failure: Failure | undefined) {
    super(failure?.text ?? "There is no connection to the server.");
  }
}

/** A command waits this long for its reply; the connection is dead then, whatever the socket says. */
const PATIENCE_MS = 15_000;

interface Waiting {
  done(results: Fields): void;
  failed(error: NotDone): void;
  stop: Cancel;
}

export class Link {
  readonly #listener: LinkListener;
  readonly #world: World;
  readonly #backoff = new Backoff();
  readonly #waiting = new Map<number, Waiting>();
  #state: LinkState = "closed";
  #key = "";
  #socket: Socket | undefined;
  #last = 0;
  /** Counts attempts: what belongs to an earlier one is not listened to. */
  #attempt = 0;
  #stopRetry: Cancel = () => {};

  constructor(listener: LinkListener, world: World) {
    this.#listener = listener;
    this.#world = world;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Connects with this key, and keeps connecting until it is refused or stopped. */
  start(key: string): void {
    this.stop();
    this.#key = key;
    void this.#connect();
  }

  stop(): void {
    this.#stopRetry();
    this.#attempt += 1;
    this.#drop();
    this.#change("closed");
  }

  retryNow(): void {
    if (this.#state === "waiting") {
      this.#stopRetry();
      void this.#connect();
    }
  }

  /** Sends a command; the promise fails with `NotDone`. */
  command(command: Command): Promise<Fields> {
    const socket = this.#socket;
    if (socket === undefined || this.#state !== "open") {
      return Promise.reject(new NotDone(undefined));
    }
    this.#last += 1;
    const seq = this.#last;
    return new Promise((done, failed) => {
      const stop = this.#world.after(PATIENCE_MS, () => this.#lost());
      this.#waiting.set(seq, { done, failed, stop });
      socket.send(written(command, seq));
    });
  }

  async #connect(): Promise<void> {
    this.#attempt += 1;
    const attempt = this.#attempt;
    this.#change("asking");
    const admission = await this.#world.ask(this.#key);
    if (attempt !== this.#attempt) {
      return;
    }
    if (admission === undefined || admission.status >= 500) {
      this.#retry();
      return;
    }
    if (admission.status >= 300) {
      this.#change("refused");
      this.#listener.refused(admission.text, admission.status === 401);
      return;
    }
    this.#change("connecting");
    const socket = this.#world.open(this.#key);
    this.#socket = socket;
    socket.onopen = () => {
      this.#backoff.opened();
      this.#change("open");
    };
    socket.onmessage = (event) => this.#take(event.data);
    socket.onclose = () => this.#lost();
  }

  #take(data: unknown): void {
    const message = typeof data === "string" ? read(data) : undefined;
    if (message === undefined) {
      return;
    }
    if (message.kind === "event") {
      this.#listener.happened(message.happening);
      return;
    }
    const waiting = this.#waiting.get(message.seq);
    this.#waiting.delete(message.seq);
    waiting?.stop();
    if (message.failure === undefined) {
      waiting?.done(message.results);
    } else {
      waiting?.failed(new NotDone(message.failure));
    }
  }

  #lost(): void {
    this.#drop();
    this.#retry();
  }

  #retry(): void {
    const seconds = this.#backoff.wait();
    this.#stopRetry = this.#world.after(seconds * 1000, () => void this.#connect());
    this.#change("waiting", seconds);
  }

  #drop(): void {
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
      one.stop();
      one.failed(new NotDone(undefined));
    }
  }

  #change(state: LinkState, retryInSeconds = 0): void {
    this.#state = state;
    this.#listener.linkChanged(state, retryInSeconds);
  }
}

/** The key as a subprotocol carries it: base64url of its bytes, without padding. */
export function token(key: string): string {
  const bytes = new TextEncoder().encode(key);
  const text = btoa(String.fromCharCode(...bytes));
  return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** The world of a browser: the socket at `path` of the server this page came from; `header` carries the key, if any. */
export function browser(path: string, header: string): World {
  return {
    async ask(key) {
      try {
        // Headers are bytes; each of them is a character here.
        const value = String.fromCharCode(...new TextEncoder().encode(key));
        const headers: Record<string, string> = header === "" ? {} : { [header]: value };
        const answer = await fetch(path, { method: "POST", headers, cache: "no-store" });
        return { status: answer.status, text: await answer.text() };
      } catch {
        return undefined;
      }
    },
    open(key) {
      const url = new URL(path, location.href);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      const protocols = header === "" ? [] : ["imm-auth", token(key)];
      return new WebSocket(url, protocols) as unknown as Socket;
    },
    after(milliseconds, run) {
      const timer = setTimeout(run, milliseconds);
      return () => clearTimeout(timer);
    },
  };
}
