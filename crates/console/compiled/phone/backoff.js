/**
 * How long to wait before the next attempt to connect: half a second at first, then 1, 2, 4, 8 and 16
 * seconds, then half a second again. The same steps the known clients of the gateway take, so that a
 * server that comes back sees them all spread alike.
 */
export class Backoff {
    #next = 0.5;
    /** Seconds to wait now. */
    wait() {
        const seconds = this.#next;
        this.#next = seconds >= 16 ? 0.5 : seconds * 2;
        return seconds;
    }
    /** A connection was opened: the next attempt after it is the first of a new row. */
    opened() {
        this.#next = 1;
    }
}
