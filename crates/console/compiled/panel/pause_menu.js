/** Why somebody takes no calls for a while; it may be left empty. */
import { part } from "../phone/announce.js";
export class PauseMenu {
    #dialog = part("pause", HTMLDialogElement);
    #title = part("pause-title", HTMLElement);
    #reason = part("pause-reason", HTMLInputElement);
    #given = () => { };
    constructor() {
        part("pause-form", HTMLFormElement).addEventListener("submit", (event) => {
            event.preventDefault();
            this.#dialog.close();
            this.#given(this.#reason.value.trim());
        });
        part("pause-cancel", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    }
    ask(title, given) {
        this.#title.textContent = title;
        this.#reason.value = "";
        this.#given = given;
        this.#dialog.showModal();
        this.#reason.focus();
    }
}
