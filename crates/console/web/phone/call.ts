/** One call: what it is doing, and what the person may do with it. */

import type { Gateway } from "./gateway.js";
import { capture, offersVideo, Peer, withoutMicrophone, type Wish } from "./peer.js";
import { ending, ofCall, type Ending } from "./reason.js";
import type { Message, Party, Request } from "./wire.js";

/**
 * ```text
 * outgoing:  preparing → calling → ringing ─┐
 *                          └───────→ early ─┤
 * incoming:  offered → preparing ───────────┴→ up → ended      (ended from everywhere)
 * ```
 */
export type CallState = "offered" | "preparing" | "calling" | "ringing" | "early" | "up" | "ended";

/** What is asked of the other side about hold. */
export type HoldState = "off" | "asking-on" | "on" | "asking-off";

export interface CallListener {
  changed(call: Call): void;
  /** The other side can be heard, or seen for the first time. */
  arrived(call: Call): void;
  /** Something the person should know; the call goes on. */
  said(call: Call, text: string): void;
}

/** What calls of one account have in common. */
export interface Line {
  account: string;
  gateway: Gateway;
  /** Servers that help a call that begins now. */
  iceServers(): readonly RTCIceServer[];
}

export class Call {
  readonly session: string;
  readonly other: Party;
  readonly outgoing: boolean;
  readonly began = Date.now();
  /** When the two sides were connected, or nothing. */
  upSince: number | undefined;
  state: CallState;
  hold: HoldState = "off";
  muted = false;
  /** Wished by us, or offered by them. */
  video: boolean;
  /** Set at the end. */
  reason = "";
  endedHere = false;

  readonly #line: Line;
  readonly #listener: CallListener;
  readonly #offer: string | undefined;
  #peer: Peer | undefined;
  #answered = false;

  private constructor(line: Line, listener: CallListener, session: string, other: Party, offer?: string) {
    this.#line = line;
    this.#listener = listener;
    this.#offer = offer;
    this.session = session;
    this.other = other;
    this.outgoing = offer === undefined;
    this.state = this.outgoing ? "preparing" : "offered";
    this.video = offer !== undefined && offersVideo(offer);
  }

  /** Calls somebody. */
  static place(line: Line, listener: CallListener, session: string, uri: string, wish: Wish): Call {
    const call = new Call(line, listener, session, { uri, displayName: "" });
    call.video = wish.video;
    void call.#place(wish);
    return call;
  }

  /** Somebody calls. */
  static offered(line: Line, listener: CallListener, message: Message & { kind: "incoming" }): Call {
    return new Call(line, listener, message.session, message.from, message.sdp);
  }

  get local(): MediaStream | undefined {
    return this.#peer?.local;
  }

  get remote(): MediaStream | undefined {
    return this.#peer?.remote;
  }

  get wasUp(): boolean {
    return this.upSince !== undefined;
  }

  /** For the list of calls. */
  get ending(): Ending {
    return ending(this.reason, this.outgoing, this.wasUp, this.endedHere);
  }

  /** The sentence the call ended with. */
  get lastWords(): string {
    if (this.endedHere) {
      return this.wasUp ? "You hung up." : this.outgoing ? "You cancelled the call." : "You declined the call.";
    }
    return this.wasUp && this.reason.startsWith("200") ? "The other side hung up." : ofCall(this.reason);
  }

  /** Takes the offered call. */
  async answer(wish: Wish): Promise<void> {
    const offer = this.#offer;
    if (this.state !== "offered" || offer === undefined) {
      return;
    }
    this.#go("preparing");
    const local = await this.#capture(wish);
    if (local === undefined) {
      return;
    }
    try {
      const peer = this.#connect(local);
      const sdp = await peer.answer(offer);
      if (this.#isOver()) {
        return;
      }
      await this.#ask({ sylkrtc: "session-answer", session: this.session, sdp });
      peer.signalled();
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** Hangs up, cancels or declines, whichever it is at this moment. */
  hangUp(): void {
    if (this.#isOver()) {
      return;
    }
    this.endedHere = true;
    this.#ask({ sylkrtc: "session-terminate", session: this.session }).catch(() => {});
    // The server says so too, in a moment; nobody has to wait for it.
    this.end("");
  }

  mute(on: boolean): void {
    this.muted = on;
    this.#peer?.send(this.#sends());
    this.#listener.changed(this);
  }

  /** Asks the other side to wait, or to come back. */
  async toggleHold(): Promise<void> {
    const peer = this.#peer;
    const on = this.hold === "off";
    if (peer === undefined || this.state !== "up" || (this.hold !== "on" && !on)) {
      return;
    }
    this.#holds(on ? "asking-on" : "asking-off");
    try {
      peer.hold(on);
      const sdp = await peer.offer();
      await this.#ask({ sylkrtc: "session-update", session: this.session, sdp });
    } catch (error) {
      await this.#holdRefused(error instanceof Error ? error.message : String(error));
    }
  }

  /** Presses a key: one of `0` to `9`, `*`, `#`. */
  press(digit: string): void {
    this.#ask({ sylkrtc: "session-dtmf-info", session: this.session, digit }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.#listener.said(this, `The key ${digit} was not sent: ${why}`);
    });
  }

  /** Something the gateway said about this call. */
  async take(message: Message): Promise<void> {
    if (this.#isOver()) {
      return;
    }
    try {
      if (message.kind === "state") {
        await this.#takeState(message);
      } else if (message.kind === "update") {
        await this.#takeUpdate(message);
      }
    } catch (error) {
      this.#giveUp(error);
    }
  }

  /** Over, whoever ended it. */
  end(reason: string): void {
    if (this.#isOver()) {
      return;
    }
    this.reason = reason;
    this.#peer?.close();
    this.#go("ended");
  }

  async #place(wish: Wish): Promise<void> {
    const local = await this.#capture(wish);
    if (local === undefined) {
      return;
    }
    try {
      const peer = this.#connect(local);
      const sdp = await peer.offer();
      if (this.#isOver()) {
        return;
      }
      this.#go("calling");
      const { session, other } = this;
      const placed = this.#ask({ sylkrtc: "session-create", account: this.#line.account, session, uri: other.uri, sdp });
      peer.signalled();
      await placed;
    } catch (error) {
      this.#giveUp(error);
    }
  }

  async #takeState(message: Message & { kind: "state" }): Promise<void> {
    switch (message.state) {
      case "progress":
      case "proceeding":
        return;
      case "ringing":
        if (this.state === "calling") {
          this.#go("ringing");
        }
        return;
      case "early-media":
        await this.#takeAnswer(message.sdp);
        if (this.state === "calling" || this.state === "ringing") {
          this.#go("early");
        }
        return;
      case "accepted":
        await this.#takeAnswer(message.sdp);
        this.upSince ??= Date.now();
        this.#go("up");
        return;
      case "established":
        this.#listener.changed(this);
        return;
      case "terminated":
        this.end(message.reason);
    }
  }

  /** There is one answer in a call; the gateway says it early or at the end. */
  async #takeAnswer(sdp: string | undefined): Promise<void> {
    if (sdp !== undefined && this.outgoing && !this.#answered) {
      this.#answered = true;
      await this.#peer?.accept(sdp);
    }
  }

  async #takeUpdate(message: Message & { kind: "update" }): Promise<void> {
    const peer = this.#peer;
    if (peer === undefined) {
      return;
    }
    switch (message.state) {
      case "received": {
        // What we send stays as it was: a picture from here is the person's decision.
        const sdp = await peer.answer(message.sdp);
        this.video = peer.hasVideo;
        await this.#ask({ sylkrtc: "session-update", session: this.session, sdp });
        this.#listener.changed(this);
        return;
      }
      case "accepted":
        await peer.accept(message.sdp);
        this.#holds(this.hold === "asking-on" || this.hold === "on" ? "on" : "off");
        return;
      case "failed":
        await this.#holdRefused(ofCall(message.reason));
    }
  }

  async #holdRefused(why: string): Promise<void> {
    const wanted = this.hold === "asking-on";
    await this.#peer?.withdraw();
    this.#peer?.hold(!wanted);
    this.#holds(wanted ? "off" : "on");
    this.#listener.said(this, wanted ? `The call was not put on hold: ${why}` : `The call is still on hold: ${why}`);
  }

  #holds(state: HoldState): void {
    this.hold = state;
    this.#peer?.send(this.#sends());
    this.#listener.changed(this);
  }

  #sends(): boolean {
    return !this.muted && this.hold === "off";
  }

  async #capture(wish: Wish): Promise<MediaStream | undefined> {
    try {
      const local = await capture(wish);
      if (!this.#isOver()) {
        return local;
      }
      for (const track of local.getTracks()) {
        track.stop();
      }
    } catch (error) {
      if (!this.#isOver()) {
        this.#listener.said(this, withoutMicrophone(error));
        this.hangUp();
      }
    }
    return undefined;
  }

  #connect(local: MediaStream): Peer {
    const peer = new Peer(local, this.#line.iceServers(), {
      candidate: (candidate) => {
        const candidates = candidate === undefined ? [] : [candidate];
        this.#ask({ sylkrtc: "session-trickle", session: this.session, candidates }).catch(() => {});
      },
      arrived: () => this.#listener.arrived(this),
      connection: (state) => {
        if (state === "failed") {
          this.#ask({ sylkrtc: "session-terminate", session: this.session }).catch(() => {});
          this.end("ICE failed");
        } else if (state === "unsteady") {
          this.#listener.said(this, "The connection is unsteady.");
        }
      },
    });
    this.#peer = peer;
    peer.send(this.#sends());
    this.#listener.changed(this);
    return peer;
  }

  /** What should work did not: the call ends, and says why. */
  #giveUp(error: unknown): void {
    if (!this.#isOver()) {
      this.#ask({ sylkrtc: "session-terminate", session: this.session }).catch(() => {});
      this.end(`Error: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #ask(request: Request): Promise<unknown> {
    return this.#line.gateway.ask(request);
  }

  #isOver(): boolean {
    return this.state === "ended";
  }

  #go(state: CallState): void {
    this.state = state;
    this.#listener.changed(this);
  }
}
