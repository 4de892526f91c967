/** The account: signing in, signing out, and what is remembered of it. */

import { account } from "./address.js";
import { part } from "./announce.js";
import type { LinkState } from "./gateway.js";
import { ha1 } from "./md5.js";
import type { Credentials, LineState } from "./phone.js";
import {
  gatewayFault,
  recall,
  recallOpened,
  remember,
  rememberOpened,
  usualGateway,
  type Origin,
  type Settings,
} from "./settings.js";

export interface SignInListener {
  signIn(url: string, credentials: Credentials): void;
  signOut(): void;
  retry(): void;
  fault(text: string): void;
}

export class SignIn {
  readonly #form = part("sign-in", HTMLFormElement);
  readonly #signedIn = part("signed-in", HTMLElement);
  readonly #who = part("who", HTMLElement);
  readonly #user = part("user", HTMLInputElement);
  readonly #domain = part("domain", HTMLInputElement);
  readonly #password = part("password", HTMLInputElement);
  readonly #name = part("name", HTMLInputElement);
  readonly #gateway = part("gateway", HTMLInputElement);
  readonly #processing = part("processing", HTMLInputElement);
  readonly #stay = part("stay", HTMLInputElement);
  readonly #lamp = part("lamp", HTMLElement);
  readonly #link = part("link", HTMLElement);
  readonly #retry = part("retry", HTMLButtonElement);
  readonly #signOut = part("sign-out", HTMLButtonElement);

  readonly #listener: SignInListener;
  readonly #origin: Origin;
  #line: LineState = "off";

  constructor(listener: SignInListener) {
    this.#listener = listener;
    const page = document.documentElement.dataset;
    this.#origin = {
      protocol: location.protocol,
      hostname: location.hostname,
      wsPort: page["wsPort"] ?? "",
      wssPort: page["wssPort"] ?? "",
      path: page["path"] ?? "",
    };
    this.#fill(recall(localStorage, { user: "", domain: page["domain"] ?? "", name: "", gateway: "", processing: true }));
    this.#gateway.placeholder = usualGateway(this.#origin);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#signOut.addEventListener("click", () => {
      rememberOpened(sessionStorage, undefined);
      listener.signOut();
      this.#user.focus();
    });
    this.#retry.addEventListener("click", () => listener.retry());
  }

  get domain(): string {
    return this.#domain.value.trim();
  }

  get processing(): boolean {
    return this.#processing.checked;
  }

  /** Goes on where the tab was before it was loaded again; whether there was anything to go on with. */
  resume(): boolean {
    const opened = recallOpened(sessionStorage);
    const { user, domain, name } = this.#settings();
    if (opened !== undefined && opened.account === account(user, domain)) {
      this.#open(opened.account, opened.ha1, name);
      return true;
    }
    return false;
  }

  /** Where the person has to go on. */
  focus(): void {
    (this.#user.value === "" ? this.#user : this.#password).focus();
  }

  linkChanged(state: LinkState, retryInSeconds: number): void {
    const words: Record<LinkState, string> = {
      closed: "Not connected",
      connecting: "Connecting …",
      connected: "Connected, waiting for the server …",
      ready: "Connected",
      waiting: retryInSeconds < 1 ? "Connecting …" : `No connection; next attempt in ${retryInSeconds} s`,
    };
    this.#link.textContent = words[state];
    this.#retry.hidden = state !== "waiting" || retryInSeconds < 1;
    this.#shine(state);
  }

  lineChanged(state: LineState, who: string): void {
    const hadFocus = this.#form.contains(document.activeElement);
    this.#line = state;
    this.#form.hidden = state === "signing-in" || state === "registered";
    this.#signedIn.hidden = !this.#form.hidden;
    this.#who.textContent = state === "registered" ? `Signed in as ${who}` : `Signing in as ${who} …`;
    this.#lamp.dataset["line"] = state;
    if (state === "signing-in" && hadFocus) {
      // The button just pressed is gone; the keyboard stays in this section.
      this.#signOut.focus();
    }
    if (state === "failed") {
      rememberOpened(sessionStorage, undefined);
      this.#password.value = "";
      this.#password.focus();
    }
  }

  #submit(): void {
    const settings = this.#settings();
    const who = account(settings.user, settings.domain);
    const url = settings.gateway === "" ? usualGateway(this.#origin) : settings.gateway;
    const fault = gatewayFault(url, this.#origin);
    if (who === undefined) {
      this.#listener.fault("User and domain do not make an address like 1001@example.org.");
      this.#user.focus();
      return;
    }
    if (fault !== undefined) {
      this.#listener.fault(fault);
      part("more", HTMLDetailsElement).open = true;
      this.#gateway.focus();
      return;
    }
    const at = who.lastIndexOf("@");
    const hash = ha1(who.slice(0, at), who.slice(at + 1), this.#password.value);
    this.#password.value = "";
    remember(localStorage, settings);
    rememberOpened(sessionStorage, this.#stay.checked ? { account: who, ha1: hash } : undefined);
    this.#open(who, hash, settings.name);
  }

  #open(who: string, hash: string, displayName: string): void {
    const chosen = this.#gateway.value.trim();
    const url = chosen === "" ? usualGateway(this.#origin) : chosen;
    this.#listener.signIn(url, { account: who, ha1: hash, displayName });
  }

  #shine(link: LinkState): void {
    this.#lamp.dataset["link"] = link;
    this.#lamp.dataset["line"] = this.#line;
  }

  #fill(settings: Settings): void {
    this.#user.value = settings.user;
    this.#domain.value = settings.domain;
    this.#name.value = settings.name;
    this.#gateway.value = settings.gateway;
    this.#processing.checked = settings.processing;
  }

  #settings(): Settings {
    return {
      user: this.#user.value.trim(),
      domain: this.#domain.value.trim(),
      name: this.#name.value.trim(),
      gateway: this.#gateway.value.trim(),
      processing: this.#processing.checked,
    };
  }
}
