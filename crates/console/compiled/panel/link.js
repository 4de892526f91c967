/** The connection to the panel's server: who is signed in, the socket of events, requests, and coming back after a loss. */
import { Backoff } from "../phone/backoff.js";
import { read, session, wish } from "./wire.js";
/** A request was not done. */
export class NotDone extends Error {
    status;
    /** `status` 0: there was no answer. */
    constructor(status, text) {
        super(text);
        this.status = status;
    }
}
/** The page asks for a sign of life this often, and the connection is dead when none has come for as long again. */
const PULSE_MS = 20_000;
export class Link {
    #listener;
    #world;
    #backoff = new Backoff();
    #state = "asking";
    #socket;
    /** Counts attempts: what belongs to an earlier one is not listened to. */
    #attempt = 0;
    #pulse = 0;
    #heard = 0;
    #stopTimer = () => { };
    constructor(listener, world) {
        this.#listener = listener;
        this.#world = world;
    }
    get state() {
        return this.#state;
    }
    /** Connects as whoever is signed in, and keeps connecting as long as somebody is. */
    start() {
        void this.#connect();
    }
    retryNow() {
        if (this.#state === "waiting") {
            void this.#connect();
        }
    }
    /** Signs in and connects. The promise fails with `NotDone`. */
    async signIn(username, password) {
        await this.#ask("POST", "session", { username, password });
        this.start();
    }
    async signOut() {
        this.#forget();
        await this.#world.request("DELETE", "session");
        this.#out("");
    }
    /** Reads a resource. The promise fails with `NotDone`. */
    async get(path) {
        const { text } = await this.#ask("GET", `live/${path}`);
        try {
            return JSON.parse(text);
        }
        catch {
            throw new NotDone(0, "The server's answer cannot be read.");
        }
    }
    /** Says where one is. The promise fails with `NotDone`. */
    async tell(statusType, name, note) {
        await this.#ask("POST", "status", { statusType, name, note });
    }
    /** Does something. The promise fails with `NotDone`. */
    async act(path, body = {}) {
        await this.#ask("POST", `live/${path}`, body);
    }
    async #ask(method, path, body) {
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
    async #connect() {
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
    #take(data) {
        const message = typeof data === "string" ? read(data) : undefined;
        if (typeof data === "string" && message?.kind !== "reply") {
            this.#listener.told(data);
        }
        if (message?.kind === "event") {
            this.#listener.happened(message.happening);
        }
        else if (message?.kind === "reply") {
            this.#heard = message.reply.correlation ?? this.#heard;
        }
    }
    #beat() {
        if (this.#heard !== this.#pulse) {
            this.#lost();
            return;
        }
        this.#pulse += 1;
        this.#socket?.send(wish(this.#pulse));
        this.#stopTimer = this.#world.after(PULSE_MS, () => this.#beat());
    }
    #lost() {
        this.#forget();
        this.#retry();
    }
    #retry() {
        const seconds = this.#backoff.wait();
        this.#stopTimer = this.#world.after(seconds * 1000, () => void this.#connect());
        this.#change("waiting", seconds);
    }
    #out(why) {
        this.#change("signed-out");
        this.#listener.signedOut(why);
    }
    /** What was under way is not listened to any more. */
    #forget() {
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
    #change(state, retryInSeconds = 0) {
        this.#state = state;
        this.#listener.linkChanged(state, retryInSeconds);
    }
}
function parsed(text) {
    try {
        return JSON.parse(text);
    }
    catch {
        return undefined;
    }
}
/** The world of a browser; `base` is the path of the panel at the server this page came from. */
export function browser(base) {
    return {
        async request(method, path, body) {
            try {
                const sent = { method, cache: "no-store", credentials: "same-origin" };
                if (body !== undefined) {
                    sent.headers = { "content-type": "application/json" };
                    sent.body = JSON.stringify(body);
                }
                const answer = await fetch(`${base}/${path}`, sent);
                return { status: answer.status, text: await answer.text() };
            }
            catch {
                return undefined;
            }
        },
        open() {
            const url = new URL(`${base}/events`, location.href);
            url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
            return new WebSocket(url);
        },
        after(milliseconds, run) {
            const timer = setTimeout(run, milliseconds);
            return () => clearTimeout(timer);
        },
    };
}
