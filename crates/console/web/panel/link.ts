/** The connection to the panel's server: who is signed in, the socket of events, requests, and coming back after a loss. */

import { Backoff } from "../phone/backoff.js";
import type { Cancel, Socket } from "../phone/gateway.js";
import { read, session, wish, type Happening, type Session } from "./wire.js";

export type LinkState = "asking" | "signed-out" | "connecting" | "open" | "waiting";

/** What the server said to a request; `undefined`: it said nothing. */
export type Answer = { status: number; text: string } | undefined;

/** What the link needs of the world, so that a test can be another world. */
export interface World {
  /** Paths begin below the page's own. */
  request(method: "GET" | "POST" | "DELETE", path: string, body?: object): Promise<Answer>;
  open(): Socket;
  after(milliseconds: number, run: () => void): Cancel;
}

export interface LinkListener {
  linkChanged(state: LinkState, retryInSeconds: number): void;
  /** The socket is open, and tells everything from now on. */
  opened(session: Session): void;
  /** Nobody is signed in. `why` is empty where nothing went wrong. */
  signedOut(why: string): void;
  happened(happening: Happening): void;
  /** Anything the server says of its own accord, as it was written. */
  told(text: string): void;
}

/** A request was not done. */
export class NotDone extends Error {
  /** `status` 0: there was no answer. */
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}

/** The page asks for a sign of life this often, and the connection is dead when none has come for as long again. */
const PULSE_MS = 20_000;

export class Link {
  readonly #listener: LinkListener;
  readonly #world: World;
  readonly #backoff = new Backoff();
  #state: LinkState = "asking";
  #socket: Socket | undefined;
  /** Counts attempts: what belongs to an earlier one is not listened to. */
  #attempt = 0;
  #pulse = 0;
  #heard = 0;
  #stopTimer: Cancel = () => {};

  constructor(listener: LinkListener, world: World) {
    this.#listener = listener;
    this.#world = world;
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Connects as whoever is signed in, and keeps connecting as long as somebody is. */
  start(): void {
    void this.#connect();
  }

  retryNow(): void {
    if (this.#state === "waiting") {
      void this.#connect();
    }
  }

  /** Signs in and connects. The promise fails with `NotDone`. */
  async signIn(username: string, password: string): Promise<void> {
    await this.#ask("POST", "session", { username, password });
    this.start();
  }

  async signOut(): Promise<void> {
    this.#forget();
    await this.#world.request("DELETE", "session");
    this.#out("");
  }

  /** Reads a resource. The promise fails with `NotDone`. */
  async get(path: string): Promise<unknown> {
    const { text } = await this.#ask("GET", `live/${path}`);
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new NotDone(0, "The server's answer cannot be read.");
    }
  }

  /** Says where one is. The promise fails with `NotDone`. */
  async tell(statusType: string, name: string, note: string): Promise<void> {
    await this.#ask("POST", "status", { statusType, name, note });
  }

  /** Does something. The promise fails with `NotDone`. */
  async act(path: string, body: object = {}): Promise<void> {
    await this.#ask("POST", `live/${path}`, body);
  }

  async #ask(method: "GET" | "POST", path: string, body?: object): Promise<{ text: string }> {
    const answer = await (body === undefined ? this.#world.request(method, path) : this.#world.request(method, path, body));
    if (answer === undefined) {
      throw new NotDone(0, "There is no connection to the server.");
    }
    if (answer.status >= 300) {
      if (answer.status === 401 && path !== "session") {
        this.#forget();
        this.#out("Your sign-in has ended.");
      }
      throw new NotDone(answer.status, answer.text.trim());
    }
    return answer;
  }

  async #connect(): Promise<void> {
    this.#forget();
    const attempt = this.#attempt;
    this.#change("asking");
    const answer = await this.#world.request("GET", "session");
    if (attempt !== this.#attempt) {
      return;
    }
    const who = answer?.status === 200 ? session(parsed(answer.text)) : undefined;
    if (answer !== undefined && answer.status >= 400 && answer.status < 500) {
      this.#out(answer.status === 401 ? "" : answer.text.trim());
      return;
    }
    if (who === undefined) {
      this.#retry();
      return;
    }
    this.#change("connecting");
    const socket = this.#world.open();
    this.#socket = socket;
    socket.onopen = () => {
      this.#backoff.opened();
      this.#heard = this.#pulse;
      this.#change("open");
      this.#beat();
      this.#listener.opened(who);
    };
    socket.onmessage = (event) => this.#take(event.data);
    socket.onclose = () => this.#lost();
  }

  #take(data: unknown): void {
    const message = typeof data === "string" ? read(data) : undefined;
    if (typeof data === "string" && message?.kind !== "reply") {
      this.#listener.told(data);
    }
    if (message?.kind === "event") {
      this.#listener.happened(message.happening);
    } else if (message?.kind === "reply") {
      this.#heard = message.reply.correlation ?? this.#heard;
    }
  }

  #beat(): void {
    if (this.#heard !== this.#pulse) {
      this.#lost();
      return;
    }
    this.#pulse += 1;
    this.#socket?.send(wish(this.#pulse));
    this.#stopTimer = this.#world.after(PULSE_MS, () => this.#beat());
  }

  #lost(): void {
    this.#forget();
    this.#retry();
  }

  #retry(): void {
    const seconds = this.#backoff.wait();
    this.#stopTimer = this.#world.after(seconds * 1000, () => void this.#connect());
    this.#change("waiting", seconds);
  }

  #out(why: string): void {
    this.#change("signed-out");
    this.#listener.signedOut(why);
  }

  /** What was under way is not listened to any more. */
  #forget(): void {
    this.#attempt += 1;
    this.#stopTimer();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
  }

  #change(state: LinkState, retryInSeconds = 0): void {
    this.#state = state;
    this.#listener.linkChanged(state, retryInSeconds);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The world of a browser; `base` is the path of the panel at the server this page came from. */
export function browser(base: string): World {
  return {
    async request(method, path, body) {
      try {
        const sent: RequestInit = { method, cache: "no-store", credentials: "same-origin" };
        if (body !== undefined) {
          sent.headers = { "content-type": "application/json" };
          sent.body = JSON.stringify(body);
        }
        const answer = await fetch(`${base}/${path}`, sent);
        return { status: answer.status, text: await answer.text() };
      } catch {
        return undefined;
      }
    },
    open() {
      const url = new URL(`${base}/events`, location.href);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      return new WebSocket(url) as unknown as Socket;
    },
    after(milliseconds, run) {
      const timer = setTimeout(run, milliseconds);
      return () => clearTimeout(timer);
    },
  };
}
