/** Listening in: a call into the room with the telephone's leg, signed in for as long as it lasts. */
import { part } from "../phone/announce.js";
import { toCall } from "../phone/address.js";
import { Phone } from "../phone/phone.js";
import { SignIn } from "../phone/sign_in.js";
export class Ear {
    #listener;
    #number = part("number", HTMLInputElement);
    #listen = part("listen", HTMLButtonElement);
    #speak = part("speak", HTMLButtonElement);
    #leave = part("leave", HTMLButtonElement);
    #audio = part("far-audio", HTMLAudioElement);
    #account = part("account", HTMLDetailsElement);
    #signIn;
    #phone;
    #credentials;
    /** Wanted as soon as the account is registered. */
    #wanted = false;
    #heard = false;
    constructor(listener) {
        this.#listener = listener;
        this.#phone = new Phone({
            linkChanged: (state, retry) => this.#signIn.linkChanged(state, retry),
            lineChanged: (state, why) => {
                this.#signIn.lineChanged(state, this.#phone.account);
                if (state === "registered" && this.#wanted) {
                    this.#wanted = false;
                    this.#dial();
                }
                else if (state === "failed") {
                    this.#account.open = true;
                    this.#wanted = false;
                    listener.alarm(why);
                }
                this.#show();
            },
            // Whoever listens in is busy; the account's other phones go on ringing.
            offered: (call) => call.hangUp(),
            changed: (call) => this.#changed(call),
            arrived: (call) => {
                this.#audio.srcObject = call.remote ?? null;
                this.#audio.play().catch(() => listener.alarm("The browser does not let the page make sounds. Press Listen in again."));
            },
            said: (_call, text) => listener.alarm(text),
            ended: (call) => this.#ended(call),
        });
        this.#signIn = new SignIn({
            signIn: (url, credentials) => {
                this.#credentials = credentials;
                this.#wanted = true;
                listener.say("Signing in …");
                this.#phone.signIn(url, credentials);
            },
            signOut: () => this.#phone.signOut(),
            retry: () => this.#phone.retryNow(),
            fault: (text) => listener.alarm(text),
        });
        this.#listen.addEventListener("click", () => this.#start());
        this.#leave.addEventListener("click", () => this.#phone.call?.hangUp());
        this.#speak.addEventListener("click", () => {
            const { call } = this.#phone;
            call?.mute(!call.muted);
        });
        window.addEventListener("pagehide", () => this.#phone.call?.hangUp());
        this.#show();
    }
    get listens() {
        return this.#phone.call !== undefined;
    }
    /** Proposes what to call for the chosen room; what the person has typed stays. */
    propose(number) {
        if (!this.listens && document.activeElement !== this.#number) {
            this.#number.value = number;
        }
    }
    #start() {
        if (toCall(this.#number.value, this.#signIn.domain) === undefined) {
            this.#listener.alarm("Choose a room, or type the number that leads into one.");
            this.#number.focus();
            return;
        }
        if (!this.#signIn.resume()) {
            this.#account.open = true;
            this.#signIn.focus();
            this.#listener.say("Sign in with an account of this server to listen in.");
        }
    }
    #dial() {
        const uri = toCall(this.#number.value, this.#signIn.domain);
        if (uri === undefined) {
            this.#phone.signOut();
            return;
        }
        this.#listener.calling();
        const call = this.#phone.dial(uri, { video: false, processing: this.#signIn.processing });
        // One listens first, and speaks when one wants to.
        call?.mute(true);
    }
    #changed(call) {
        if (call.state === "up" && !this.#heard) {
            this.#heard = true;
            this.#account.open = false;
            this.#show();
            const { account, displayName } = this.#credentials ?? { account: "", displayName: "" };
            this.#listener.hears([displayName, account.slice(0, account.lastIndexOf("@")), account].filter((name) => name !== ""));
            this.#speak.focus();
        }
        this.#show();
    }
    #ended(call) {
        const hadFocus = [this.#speak, this.#leave].includes(document.activeElement);
        this.#heard = false;
        this.#audio.srcObject = null;
        if (call.endedHere) {
            this.#listener.say("You have left the room.");
        }
        else {
            this.#listener.alarm(call.lastWords);
        }
        this.#listener.left();
        // Within a change of the line itself nothing more may be changed.
        queueMicrotask(() => {
            this.#phone.signOut();
            this.#show();
            if (hadFocus) {
                this.#listen.focus();
            }
        });
    }
    #show() {
        const { call } = this.#phone;
        this.#listen.hidden = call !== undefined;
        this.#leave.hidden = call === undefined;
        this.#speak.hidden = call?.state !== "up";
        this.#speak.setAttribute("aria-pressed", String(call !== undefined && !call.muted));
    }
}
