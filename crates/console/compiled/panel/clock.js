/** Shows how long things have lasted: every element with `data-since`, once a second. */
import { put } from "./rows.js";
import { duration } from "./words.js";
export class Clock {
    /** The server's clock minus ours, milliseconds: what the last event told. */
    #ahead = 0;
    #known = false;
    constructor() {
        setInterval(() => this.tick(), 1000);
    }
    /** Now by the server's clock, Unix milliseconds. */
    get now() {
        return Date.now() + this.#ahead;
    }
    /** An event of this time has just come. The smallest distance is the best measure: a delay makes it larger only. */
    told(time) {
        const ahead = time - Date.now();
        if (!this.#known || ahead > this.#ahead) {
            this.#ahead = ahead;
            this.#known = true;
        }
    }
    tick() {
        for (const element of document.querySelectorAll("[data-since]")) {
            put(element, duration((this.now - Number(element.dataset["since"])) / 1000));
        }
    }
}
