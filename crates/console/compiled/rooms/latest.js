/**
 * Sends what is newest, one at a time for each thing that is set: of a stream of wishes for one, as a drag makes them, those
 * the server has no time for are left out, and the last one is always sent.
 */
export class Latest {
    /** What comes next for each thing that is being set. */
    #next = new Map();
    /** `what` names the thing; `send` must see to its own failures. */
    wish(what, send) {
        const running = this.#next.has(what);
        this.#next.set(what, send);
        if (!running) {
            void this.#run(what);
        }
    }
    async #run(what) {
        for (let send = this.#next.get(what); send !== undefined; send = this.#next.get(what)) {
            this.#next.set(what, undefined);
            await send();
        }
        this.#next.delete(what);
    }
}
