/** Calls that have ended: searched, and leafed through towards older ones. */
import { part } from "../phone/announce.js";
import { made, put, Rows } from "./rows.js";
import { past } from "./wire.js";
import { called, clock, duration } from "./words.js";
/** Calls asked for at one time. */
const PAGE = 25;
export class PastCalls {
    #panel = part("past-panel", HTMLElement);
    #search = part("past-search", HTMLInputElement);
    #older = part("past-older", HTMLButtonElement);
    #none = part("past-none", HTMLElement);
    #why = part("past-why", HTMLElement);
    #rows;
    #get;
    #calls = [];
    #next;
    /** Counts who was signed in: an answer for somebody before is not shown. */
    #asked = 0;
    #asking = false;
    /** What is to be asked next; a later wish replaces it. */
    #wanted;
    #leafed = false;
    #timer;
    /** `get` asks for a page, and fails with the reason. Nothing is shown until something was read. */
    constructor(get) {
        this.#get = get;
        this.#rows = new Rows(part("past", HTMLElement), ({ id }) => id, () => new PastRow());
        part("past-form", HTMLFormElement).addEventListener("submit", (event) => {
            event.preventDefault();
            void this.read();
        });
        this.#older.addEventListener("click", () => void this.#ask(this.#next));
    }
    /** The newest ones that fit. */
    async read() {
        this.#leafed = false;
        await this.#ask(undefined);
    }
    /** A call has ended somewhere. Who has leafed to older ones is not thrown back to the newest. */
    ended() {
        if (!this.#leafed && this.#timer === undefined) {
            this.#timer = setTimeout(() => {
                this.#timer = undefined;
                void this.read();
            }, 1000);
        }
    }
    /** Nobody is to see any. */
    close() {
        this.#asked += 1;
        this.#wanted = undefined;
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#calls = [];
        this.#rows.show([]);
        this.#search.value = "";
        this.#panel.hidden = true;
    }
    /** One request after the other: the server takes one search at a time, and the last wish is the one that counts. */
    async #ask(before) {
        this.#wanted = { before };
        if (this.#asking) {
            return;
        }
        this.#asking = true;
        try {
            while (this.#wanted !== undefined) {
                const wish = this.#wanted;
                this.#wanted = undefined;
                await this.#page(wish.before);
            }
        }
        finally {
            this.#asking = false;
        }
    }
    async #page(before) {
        const asked = this.#asked;
        const query = new URLSearchParams({ search: this.#search.value.trim(), limit: String(PAGE) });
        if (before !== undefined) {
            query.set("before", before);
        }
        let page;
        let why = "";
        try {
            page = past(await this.#get(query.toString()));
        }
        catch (error) {
            why = error instanceof Error ? error.message : String(error);
        }
        if (asked !== this.#asked) {
            return;
        }
        put(this.#why, why);
        this.#why.hidden = why === "";
        if (page === undefined) {
            return;
        }
        this.#panel.hidden = false;
        this.#leafed ||= before !== undefined;
        this.#calls = before === undefined ? page.calls : [...this.#calls, ...page.calls];
        this.#next = page.next;
        this.#rows.show(this.#calls);
        this.#none.hidden = this.#calls.length > 0;
        this.#older.hidden = page.next === undefined;
    }
}
/** How a call ended, for people. */
export function outcome(call) {
    if (call.answer !== undefined) {
        return duration(call.billedSeconds);
    }
    switch (call.cause) {
        case "USER_BUSY":
            return "busy";
        case "CALL_REJECTED":
            return "declined";
        case "ORIGINATOR_CANCEL":
            return "given up";
        case "":
        case "NORMAL_CLEARING":
        case "NO_ANSWER":
        case "NO_USER_RESPONSE":
        case "ALLOTTED_TIMEOUT":
            return "not answered";
        default:
            return call.cause.toLowerCase().replaceAll("_", " ");
    }
}
class PastRow {
    element = made("tr");
    #cells = [made("td"), made("td"), made("td"), made("td")];
    constructor() {
        this.element.append(...this.#cells);
    }
    show(call) {
        const [when, from, to, how] = this.#cells;
        put(when, call.start === undefined ? "" : clock(call.start, Date.now()));
        put(from, called(call));
        put(to, call.queue === "" ? call.destination : `${call.destination}, queue ${call.queue}`);
        put(how, outcome(call));
    }
}
