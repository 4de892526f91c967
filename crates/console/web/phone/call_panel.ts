/** The call on the page: who, since when, how loud, and what to do about it. */

import { shown } from "./address.js";
import { part } from "./announce.js";
import type { Call } from "./call.js";
import { duration } from "./history.js";
import { Meter } from "./meter.js";

export interface CallPanelListener {
  answer(video: boolean): void;
  hangUp(): void;
  toggleMute(): void;
  toggleHold(): void;
  answerWaiting(): void;
  declineWaiting(): void;
}

export class CallPanel {
  readonly #panel = part("call", HTMLElement);
  readonly #title = part("call-title", HTMLElement);
  readonly #state = part("call-state", HTMLElement);
  readonly #time = part("call-time", HTMLElement);
  readonly #answer = part("answer", HTMLButtonElement);
  readonly #answerVideo = part("answer-video", HTMLButtonElement);
  readonly #mute = part("mute", HTMLButtonElement);
  readonly #hold = part("hold", HTMLButtonElement);
  readonly #hangUp = part("hang-up", HTMLButtonElement);
  readonly #waiting = part("waiting", HTMLElement);
  readonly #waitingWho = part("waiting-who", HTMLElement);
  readonly #pictures = part("pictures", HTMLElement);
  readonly #farAudio = part("far-audio", HTMLAudioElement);
  readonly #farVideo = part("far-video", HTMLVideoElement);
  readonly #ownVideo = part("own-video", HTMLVideoElement);
  readonly #ownMeter = new Meter(part("own-meter", HTMLElement));
  readonly #farMeter = new Meter(part("far-meter", HTMLElement));
  readonly #ownDomain: () => string;
  #call: Call | undefined;
  #measured: MediaStream | undefined;

  constructor(listener: CallPanelListener, ownDomain: () => string) {
    this.#ownDomain = ownDomain;
    this.#answer.addEventListener("click", () => listener.answer(false));
    this.#answerVideo.addEventListener("click", () => listener.answer(true));
    this.#hangUp.addEventListener("click", () => listener.hangUp());
    this.#mute.addEventListener("click", () => listener.toggleMute());
    this.#hold.addEventListener("click", () => listener.toggleHold());
    part("answer-waiting", HTMLButtonElement).addEventListener("click", () => listener.answerWaiting());
    part("decline-waiting", HTMLButtonElement).addEventListener("click", () => listener.declineWaiting());
    setInterval(() => this.#tick(), 500);
  }

  /** Shows the call there is now, if any, and who waits. */
  show(call: Call | undefined, waiting: Call | undefined, context: AudioContext | undefined): void {
    this.#call = call;
    this.#panel.hidden = call === undefined;
    this.#waiting.hidden = waiting === undefined;
    this.#waitingWho.textContent = waiting === undefined ? "" : this.name(waiting);
    if (call === undefined) {
      this.#rest();
      return;
    }
    const offered = call.state === "offered";
    const up = call.state === "up";
    this.#panel.dataset["state"] = call.state;
    this.#title.textContent = this.name(call);
    this.#state.textContent = stateInWords(call);
    this.#answer.hidden = !offered;
    this.#answerVideo.hidden = !offered || !call.video;
    this.#mute.hidden = offered;
    this.#mute.setAttribute("aria-pressed", String(call.muted));
    this.#hold.hidden = offered;
    // Not `disabled`: a button that loses the focus while it waits throws the keyboard out of the panel.
    const holdRests = !up || call.hold === "asking-on" || call.hold === "asking-off";
    this.#hold.setAttribute("aria-disabled", String(holdRests));
    this.#hold.setAttribute("aria-pressed", String(call.hold === "on" || call.hold === "asking-on"));
    this.#hangUp.textContent = offered ? "Decline" : up ? "Hang up" : "Cancel";
    this.#tick();
    this.#measure(call, context);
    this.#picture(call);
  }

  /** The other side's sound arrived, or its picture. */
  arrived(call: Call, context: AudioContext | undefined): void {
    if (call === this.#call && call.remote !== undefined) {
      if (this.#farAudio.srcObject !== call.remote) {
        this.#farAudio.srcObject = call.remote;
      }
      void this.#farAudio.play().catch(() => {});
      this.#farMeter.watch(context, call.remote);
      this.#picture(call);
    }
  }

  /** Puts the keyboard into the panel: digits typed here are the call's keys. */
  focus(): void {
    this.#title.focus();
  }

  get hasFocus(): boolean {
    const active = document.activeElement;
    return active === null || active === document.body || this.#panel.contains(active) || this.#waiting.contains(active);
  }

  name(call: Call): string {
    return shown(call.other.uri, call.other.displayName, this.#ownDomain());
  }

  #measure(call: Call, context: AudioContext | undefined): void {
    if (this.#measured !== call.local) {
      this.#measured = call.local;
      this.#ownMeter.watch(context, call.local);
    }
  }

  #picture(call: Call): void {
    const far = call.remote?.getVideoTracks().some((track) => track.readyState === "live") === true && call.video;
    const own = call.local !== undefined && call.local.getVideoTracks().length > 0;
    this.#pictures.hidden = !far && !own;
    this.#farVideo.hidden = !far;
    this.#ownVideo.hidden = !own;
    if (far && call.remote !== undefined && this.#farVideo.srcObject !== call.remote) {
      this.#farVideo.srcObject = call.remote;
    }
    if (own && call.local !== undefined && this.#ownVideo.srcObject !== call.local) {
      this.#ownVideo.srcObject = call.local;
    }
  }

  #rest(): void {
    this.#measured = undefined;
    this.#ownMeter.watch(undefined, undefined);
    this.#farMeter.watch(undefined, undefined);
    for (const element of [this.#farAudio, this.#farVideo, this.#ownVideo]) {
      element.srcObject = null;
    }
    this.#pictures.hidden = true;
  }

  #tick(): void {
    const since = this.#call?.upSince;
    this.#time.hidden = since === undefined;
    this.#time.textContent = since === undefined ? "" : duration((Date.now() - since) / 1000);
  }
}

export function stateInWords(call: Call): string {
  switch (call.state) {
    case "offered":
      return call.video ? "Incoming video call" : "Incoming call";
    case "preparing":
      return call.outgoing ? "Preparing the call …" : "Answering …";
    case "calling":
      return "Calling …";
    case "ringing":
      return "Ringing …";
    case "early":
      return "Calling; the other side is not there yet";
    case "up":
      switch (call.hold) {
        case "off":
          return call.muted ? "Connected, your microphone is off" : "Connected";
        case "asking-on":
          return "Putting on hold …";
        case "on":
          return "On hold";
        case "asking-off":
          return "Coming back …";
      }
    // Every hold state returned.
    case "ended":
      return "Call ended";
  }
}
