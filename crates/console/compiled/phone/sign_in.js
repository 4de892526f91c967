/** The account: signing in, signing out, and what is remembered of it. */
import { account } from "./address.js";
import { part } from "./announce.js";
import { ha1 } from "./md5.js";
import { gatewayFault, recall, recallOpened, remember, rememberOpened, usualGateway, } from "./settings.js";
export class SignIn {
    #form = part("sign-in", HTMLFormElement);
    #signedIn = part("signed-in", HTMLElement);
    #who = part("who", HTMLElement);
    #user = part("user", HTMLInputElement);
    #domain = part("domain", HTMLInputElement);
    #password = part("password", HTMLInputElement);
    #name = part("name", HTMLInputElement);
    #gateway = part("gateway", HTMLInputElement);
    #processing = part("processing", HTMLInputElement);
    #stay = part("stay", HTMLInputElement);
    #lamp = part("lamp", HTMLElement);
    #link = part("link", HTMLElement);
    #retry = part("retry", HTMLButtonElement);
    #signOut = part("sign-out", HTMLButtonElement);
    #listener;
    #origin;
    #line = "off";
    constructor(listener) {
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
    get domain() {
        return this.#domain.value.trim();
    }
    get processing() {
        return this.#processing.checked;
    }
    /** Goes on where the tab was before it was loaded again; whether there was anything to go on with. */
    resume() {
        const opened = recallOpened(sessionStorage);
        const { user, domain, name } = this.#settings();
        if (opened !== undefined && opened.account === account(user, domain)) {
            this.#open(opened.account, opened.ha1, name);
            return true;
        }
        return false;
    }
    /** Where the person has to go on. */
    focus() {
        (this.#user.value === "" ? this.#user : this.#password).focus();
    }
    linkChanged(state, retryInSeconds) {
        const words = {
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
    lineChanged(state, who) {
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
    #submit() {
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
    #open(who, hash, displayName) {
        const chosen = this.#gateway.value.trim();
        const url = chosen === "" ? usualGateway(this.#origin) : chosen;
        this.#listener.signIn(url, { account: who, ha1: hash, displayName });
    }
    #shine(link) {
        this.#lamp.dataset["link"] = link;
        this.#lamp.dataset["line"] = this.#line;
    }
    #fill(settings) {
        this.#user.value = settings.user;
        this.#domain.value = settings.domain;
        this.#name.value = settings.name;
        this.#gateway.value = settings.gateway;
        this.#processing.checked = settings.processing;
    }
    #settings() {
        return {
            user: this.#user.value.trim(),
            domain: this.#domain.value.trim(),
            name: this.#name.value.trim(),
            gateway: this.#gateway.value.trim(),
            processing: this.#processing.checked,
        };
    }
}
