/** The form by which somebody signs in. The password goes to the server and is kept nowhere. */
import { part } from "../phone/announce.js";
export class SignIn {
    #form = part("sign-in", HTMLFormElement);
    #section = part("sign-in-panel", HTMLElement);
    #user = part("user", HTMLInputElement);
    #password = part("password", HTMLInputElement);
    #submit = part("sign-in-submit", HTMLButtonElement);
    #why = part("sign-in-why", HTMLElement);
    /** `given` fails with the reason when it was not right. */
    constructor(given) {
        this.#form.addEventListener("submit", (event) => {
            event.preventDefault();
            if (!this.#submit.disabled) {
                void this.#give(given);
            }
        });
    }
    /** Asks; `why` is empty where nothing went wrong. */
    ask(why) {
        this.#why.textContent = why;
        if (this.#section.hidden) {
            this.#section.hidden = false;
            (this.#user.value === "" ? this.#user : this.#password).focus();
        }
    }
    /** Asks no more. Whether it had asked. */
    hide() {
        const asked = !this.#section.hidden;
        this.#section.hidden = true;
        this.#why.textContent = "";
        return asked;
    }
    async #give(given) {
        const password = this.#password.value;
        this.#password.value = "";
        this.#submit.disabled = true;
        try {
            await given(this.#user.value.trim(), password);
        }
        catch (error) {
            this.#why.textContent = error instanceof Error ? error.message : String(error);
            this.#password.focus();
        }
        finally {
            this.#submit.disabled = false;
        }
    }
}
