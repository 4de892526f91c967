/** The form by which somebody signs in. The password goes to the server and is kept nowhere. */

import { part } from "../phone/announce.js";

export class SignIn {
  readonly #form = part("sign-in", HTMLFormElement);
  readonly #section = part("sign-in-panel", HTMLElement);
  readonly #user = part("user", HTMLInputElement);
  readonly #password = part("password", HTMLInputElement);
  readonly #submit = part("sign-in-submit", HTMLButtonElement);
  readonly #why = part("sign-in-why", HTMLElement);

  /** `given` fails with the reason when it was not right. */
  constructor(given: (user: string, password: string) => Promise<void>) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#submit.disabled) {
        void this.#give(given);
      }
    });
  }

  /** Asks; `why` is empty where nothing went wrong. */
  ask(why: string): void {
    this.#why.textContent = why;
    if (this.#section.hidden) {
      this.#section.hidden = false;
      (this.#user.value === "" ? this.#user : this.#password).focus();
    }
  }

  /** Asks no more. Whether it had asked. */
  hide(): boolean {
    const asked = !this.#section.hidden;
    this.#section.hidden = true;
    this.#why.textContent = "";
    return asked;
  }

  async #give(given: (user: string, password: string) => Promise<void>): Promise<void> {
    const password = this.#password.value;
    this.#password.value = "";
    this.#submit.disabled = true;
    try {
      await given(this.#user.value.trim(), password);
    } catch (error) {
      this.#why.textContent = error instanceof Error ? error.message : String(error);
      this.#password.focus();
    } finally {
      this.#submit.disabled = false;
    }
  }
}
