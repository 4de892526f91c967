/** The number to call, and the twelve keys. */

import { toCall } from "./address.js";
import { part } from "./announce.js";

export interface DialPadListener {
  dial(uri: string, video: boolean): void;
  /** A key during a call. */
  press(digit: string): void;
  /** Any key, for its sound. */
  touched(digit: string): void;
  fault(text: string): void;
}

const DIGIT = /^[0-9*#]$/;

export class DialPad {
  readonly #form = part("dial", HTMLFormElement);
  readonly #number = part("number", HTMLInputElement);
  readonly #video = part("video-call", HTMLButtonElement);
  readonly #sent = part("sent", HTMLElement);
  readonly #keys = new Map<string, HTMLButtonElement>();
  readonly #listener: DialPadListener;
  readonly #ownDomain: () => string;
  #inCall = false;

  constructor(listener: DialPadListener, ownDomain: () => string) {
    this.#listener = listener;
    this.#ownDomain = ownDomain;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#dial(event.submitter === this.#video);
    });
    for (const key of part("keys", HTMLElement).querySelectorAll("button")) {
      const digit = key.value;
      this.#keys.set(digit, key);
      key.addEventListener("click", () => this.#press(digit));
    }
    // Digits typed anywhere in the telephone but in a field are its keys. Only there: single keys elsewhere
    // belong to the browser and to assistive programs.
    part("handset", HTMLElement).addEventListener("keydown", (event) => {
      const inField = event.target instanceof HTMLInputElement;
      const withModifier = event.ctrlKey || event.altKey || event.metaKey;
      if (!inField && !withModifier && !event.repeat && DIGIT.test(event.key)) {
        event.preventDefault();
        this.#press(event.key);
      }
    });
  }

  /** During a call the keys are sent instead of collected. */
  callChanged(inCall: boolean): void {
    if (inCall !== this.#inCall) {
      this.#inCall = inCall;
      this.#form.hidden = inCall;
      this.#sent.textContent = "";
      this.#sent.hidden = !inCall;
    }
  }

  /** Puts somebody into the field. */
  prepare(uri: string): void {
    this.#number.value = uri;
  }

  /** Ready for the next number: typing replaces the last one. */
  focus(): void {
    this.#number.select();
    this.#number.focus();
  }

  #press(digit: string): void {
    this.#listener.touched(digit);
    const key = this.#keys.get(digit);
    key?.classList.add("pressed");
    setTimeout(() => key?.classList.remove("pressed"), 120);
    if (this.#inCall) {
      this.#sent.textContent = `${this.#sent.textContent ?? ""}${digit}`.slice(-24);
      this.#listener.press(digit);
    } else {
      this.#number.value += digit;
    }
  }

  #dial(video: boolean): void {
    const uri = toCall(this.#number.value, this.#ownDomain());
    if (uri === undefined) {
      this.#listener.fault("Type a number, or an address like 1002@example.org.");
      this.#number.focus();
      return;
    }
    this.#listener.dial(uri, video);
  }
}
