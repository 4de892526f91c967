/** The telephone itself, without its face: one account, one call, and perhaps another one waiting. */

import { Call, type CallListener, type Line } from "./call.js";
import { Gateway, uuid, type LinkState } from "./gateway.js";
import type { Wish } from "./peer.js";
import { ofRegistration } from "./reason.js";
import { NO_HELPERS, type Helpers, type Message } from "./wire.js";

export type LineState = "off" | "signing-in" | "registered" | "failed";

export interface Credentials {
  account: string;
  ha1: string;
  displayName: string;
}

export interface PhoneListener extends CallListener {
  linkChanged(state: LinkState, retryInSeconds: number): void;
  lineChanged(state: LineState, why: string): void;
  /** Somebody calls; `second` when there is a call already. */
  offered(call: Call, second: boolean): void;
  ended(call: Call): void;
}

/** A call outlives its connection this long: the server keeps it for a client that comes back. */
const CALL_WITHOUT_CONNECTION_MS = 30_000;

/** Passwords of helping servers are renewed when this part of their life is over. */
const RENEW_AFTER = 0.75;

/** After a renewal that was refused. */
const RENEW_AGAIN_MS = 60_000;

/** The longest time a browser waits correctly. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Phone {
  line: LineState = "off";
  call: Call | undefined;
  /** Offered while there is a call. */
  waiting: Call | undefined;

  readonly #listener: PhoneListener;
  #gateway: Gateway | undefined;
  #credentials: Credentials | undefined;
  #resumeToken: string | undefined;
  #lostAt: number | undefined;
  #helpers: Helpers = NO_HELPERS;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  /** Registered, and registering again for new passwords: nobody has to see that. */
  #renewing = false;

  constructor(listener: PhoneListener) {
    this.#listener = listener;
  }

  get account(): string {
    return this.#credentials?.account ?? "";
  }

  /** Connects and registers, and goes on doing so after every loss, until `signOut`. */
  signIn(url: string, credentials: Credentials): void {
    this.signOut();
    this.#credentials = credentials;
    this.#turn("signing-in", "");
    const gateway = new Gateway(url, {
      linkChanged: (state, retry) => this.#linkChanged(gateway, state, retry),
      received: (message) => this.#received(message),
    });
    this.#gateway = gateway;
    gateway.start();
  }

  /** Hangs up and leaves. */
  signOut(): void {
    const gateway = this.#gateway;
    if (gateway === undefined) {
      return;
    }
    this.call?.hangUp();
    this.waiting?.hangUp();
    if (gateway.state === "ready") {
      gateway.ask({ sylkrtc: "account-remove", account: this.account }).catch(() => {});
    }
    this.#gateway = undefined;
    this.#credentials = undefined;
    this.#resumeToken = undefined;
    this.#lostAt = undefined;
    this.#help(NO_HELPERS);
    gateway.stop();
    this.#turn("off", "");
  }

  /** Does not wait for the next attempt to connect. */
  retryNow(): void {
    this.#gateway?.retryNow();
  }

  /** Calls somebody, unless there is a call already. */
  dial(uri: string, wish: Wish): Call | undefined {
    const gateway = this.#gateway;
    if (gateway === undefined || gateway.state !== "ready" || this.call !== undefined) {
      return undefined;
    }
    this.call = Call.place(this.#lineOf(gateway), this.#calls, uuid(), uri, wish);
    this.#listener.changed(this.call);
    return this.call;
  }

  /** Hangs up what there is and takes the waiting call. */
  async answerWaiting(wish: Wish): Promise<void> {
    const waiting = this.waiting;
    this.waiting = undefined;
    this.call?.hangUp();
    if (waiting !== undefined && waiting.state === "offered") {
      this.call = waiting;
      await waiting.answer(wish);
    }
  }

  #linkChanged(gateway: Gateway, state: LinkState, retryInSeconds: number): void {
    if (gateway !== this.#gateway) {
      return;
    }
    if (state === "waiting" && this.call !== undefined) {
      this.#lostAt ??= Date.now();
    }
    this.#listener.linkChanged(state, retryInSeconds);
    this.#renewing = false;
    if (state === "ready") {
      void this.#register(gateway);
    } else if (this.line === "registered") {
      this.#turn("signing-in", "");
    }
  }

  async #register(gateway: Gateway): Promise<void> {
    const credentials = this.#credentials;
    if (credentials === undefined) {
      return;
    }
    const { account, ha1, displayName } = credentials;
    try {
      const added = await gateway.ask({
        sylkrtc: "account-add",
        account,
        password: ha1,
        user_agent: "Jackfield phone",
        ...(displayName === "" ? {} : { display_name: displayName }),
        ...(this.#resumeToken === undefined ? {} : { previous_session_token: this.#resumeToken }),
      });
      this.#resumeToken = added.resumeToken ?? this.#resumeToken;
      this.#settleCalls(added.resumed);
      await gateway.ask({ sylkrtc: "account-register", account });
    } catch (error) {
      // A lost connection is not a refusal: the next one tries again.
      if (gateway.state === "ready") {
        this.#turn("failed", error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** After a loss the server says whether it kept our calls; if not, they are over. */
  #settleCalls(resumed: boolean): void {
    const lostAt = this.#lostAt;
    this.#lostAt = undefined;
    if (lostAt === undefined) {
      return;
    }
    if (!resumed || Date.now() - lostAt > CALL_WITHOUT_CONNECTION_MS) {
      this.call?.end("Error: the connection to the server was lost");
      this.waiting?.end("Error: the connection to the server was lost");
    }
  }

  #received(message: Message): void {
    switch (message.kind) {
      case "ready":
      case "ack":
      case "error":
        return;
      case "registration":
        if (message.account === this.account) {
          this.#registration(message);
        }
        return;
      case "incoming":
        if (message.account === this.account) {
          this.#incoming(message);
        }
        return;
      case "missed":
        // A call that reached us was shown, and is in the list already.
        return;
      case "state":
      case "update": {
        const call = [this.call, this.waiting].find((one) => one?.session === message.session);
        void call?.take(message);
      }
    }
  }

  #registration(message: Message & { kind: "registration" }): void {
    switch (message.state) {
      case "registering":
        return this.#renewing ? undefined : this.#turn("signing-in", "");
      case "registered":
        this.#help(message.helpers);
        return this.line === "registered" ? undefined : this.#turn("registered", "");
      case "failed":
        this.#help(NO_HELPERS);
        return this.#turn("failed", ofRegistration(message.reason));
    }
  }

  /** Notes who helps from now on, and when their passwords have to be renewed. */
  #help(helpers: Helpers): void {
    this.#helpers = helpers;
    this.#renewing = false;
    clearTimeout(this.#renewal);
    if (helpers.seconds !== undefined) {
      const after = Math.min(helpers.seconds * 1000 * RENEW_AFTER, LONGEST_TIMER_MS);
      this.#renewal = setTimeout(() => this.#renew(), after);
    }
  }

  /** New passwords come with a new registration. A connection that is not there brings them when it is back. */
  #renew(): void {
    const gateway = this.#gateway;
    if (gateway === undefined || gateway.state !== "ready" || this.line !== "registered") {
      return;
    }
    this.#renewing = true;
    gateway.ask({ sylkrtc: "account-register", account: this.account }).catch(() => {
      this.#renewing = false;
      this.#renewal = setTimeout(() => this.#renew(), RENEW_AGAIN_MS);
    });
  }

  #lineOf(gateway: Gateway): Line {
    return { account: this.account, gateway, iceServers: () => this.#helpers.servers };
  }

  #incoming(message: Message & { kind: "incoming" }): void {
    const gateway = this.#gateway;
    if (gateway === undefined) {
      return;
    }
    const call = Call.offered(this.#lineOf(gateway), this.#calls, message);
    if (this.call === undefined) {
      this.call = call;
      this.#listener.offered(call, false);
    } else if (this.waiting === undefined) {
      this.waiting = call;
      this.#listener.offered(call, true);
    } else {
      call.hangUp();
      return;
    }
    this.#listener.changed(call);
  }

  readonly #calls: CallListener = {
    changed: (call) => {
      if (call.state === "ended") {
        if (this.call === call) {
          // Who was waiting is next.
          this.call = this.waiting;
          this.waiting = undefined;
        } else if (this.waiting === call) {
          this.waiting = undefined;
        }
        this.#listener.ended(call);
      }
      this.#listener.changed(call);
    },
    arrived: (call) => this.#listener.arrived(call),
    said: (call, text) => this.#listener.said(call, text),
  };

  #turn(state: LineState, why: string): void {
    this.line = state;
    this.#listener.lineChanged(state, why);
  }
}
