/** Where a call is to go, chosen by typing or from a list: what dragging does, for the keyboard. */
import { part } from "../phone/announce.js";
import { button, made, put, Rows } from "./rows.js";
import { isNumber, written } from "./targets.js";
/** Places shown at one time; typing leads to the others. */
const MOST = 50;
export class MoveMenu {
    #dialog = part("move", HTMLDialogElement);
    #title = part("move-title", HTMLElement);
    #typed = part("move-typed", HTMLInputElement);
    #count = part("move-count", HTMLElement);
    #list;
    #found = () => [];
    #chosen = () => { };
    constructor() {
        const list = part("move-list", HTMLElement);
        this.#list = new Rows(list, ({ target }) => written(target), ({ target }) => {
            const choice = button("", "", () => this.#choose(target));
            choice.dataset["place"] = written(target);
            return { element: made("li", "", choice), show: ({ words }) => put(choice, words) };
        });
        this.#typed.addEventListener("input", () => this.#show());
        part("move-form", HTMLFormElement).addEventListener("submit", (event) => {
            event.preventDefault();
            this.#enter();
        });
        part("move-cancel", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
        this.#dialog.addEventListener("keydown", (event) => this.#arrow(event));
    }
    /** Asks; `found` gives the places that fit what was typed. */
    ask(title, found, chosen) {
        this.#found = found;
        this.#chosen = chosen;
        this.#title.textContent = title;
        this.#typed.value = "";
        this.#show();
        this.#dialog.showModal();
        this.#typed.focus();
    }
    #show() {
        const found = this.#found(this.#typed.value);
        this.#list.show(found.slice(0, MOST));
        const count = found.length === 1 ? "1 place" : `${found.length} places`;
        put(this.#count, found.length > MOST ? `${count}, the first ${MOST} are shown` : count);
    }
    /** A number is dialled as it was typed; else it must be clear who is meant. */
    #enter() {
        const typed = this.#typed.value.trim();
        const [first, ...more] = this.#found(typed);
        if (isNumber(typed)) {
            this.#choose({ kind: "number", id: typed });
        }
        else if (first !== undefined && more.length === 0) {
            this.#choose(first.target);
        }
        else {
            put(this.#count, first === undefined ? "Nobody and nothing is called that." : "Several fit; type more, or choose with the arrow keys.");
        }
    }
    #choose(target) {
        this.#dialog.close();
        this.#chosen(target);
    }
    #arrow(event) {
        const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
        if (step === 0) {
            return;
        }
        const stops = [this.#typed, ...this.#dialog.querySelectorAll("[data-place]")];
        const at = stops.indexOf(document.activeElement);
        stops[Math.min(stops.length - 1, Math.max(0, at + step))]?.focus();
        event.preventDefault();
    }
}
