/** The key of the Event Manager door, where it is not one everybody knows. Kept in the tab alone, and gone with it. */
import { part } from "../phone/announce.js";
const KEPT = "jackfield.rooms.key";
export class KeyForm {
    #form = part("key-form", HTMLFormElement);
    #key = part("key", HTMLInputElement);
    #why = part("key-why", HTMLElement);
    constructor(given) {
        this.#form.addEventListener("submit", (event) => {
            event.preventDefault();
            const key = this.#key.value;
            this.#key.value = "";
            this.#form.hidden = true;
            sessionStorage.setItem(KEPT, key);
            given(key);
        });
    }
    /** The key to begin with; `undefined`: it was asked for. */
    begin(header, known) {
        if (header === "" || known !== "") {
            return known;
        }
        const kept = sessionStorage.getItem(KEPT);
        if (kept === null) {
            this.ask("");
            return undefined;
        }
        return kept;
    }
    /** Asks for it, and says why. */
    ask(why) {
        sessionStorage.removeItem(KEPT);
        this.#form.hidden = false;
        this.#why.textContent = why;
        this.#key.focus();
    }
}
