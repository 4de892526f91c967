/** The key of the Event Manager door, where it is not one everybody knows. Kept in the tab alone, and gone with it. */

import { part } from "../phone/announce.js";

const KEPT = "jackfield.rooms.key";

export class KeyForm {
  readonly #form = part("key-form", HTMLFormElement);
  readonly #key = part("key", HTMLInputElement);
  readonly #why = part("key-why", HTMLElement);

  constructor(given: (key: string) => void) {
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
  begin(header: string, known: string): string | undefined {
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
  ask(why: string): void {
    sessionStorage.removeItem(KEPT);
    this.#form.hidden = false;
    this.#why.textContent = why;
    this.#key.focus();
  }
}
