/** Why somebody takes no calls for a while; it may be left empty. */

import { part } from "../phone/announce.js";

export class PauseMenu {
  readonly #dialog = part("pause", HTMLDialogElement);
  readonly #title = part("pause-title", HTMLElement);
  readonly #reason = part("pause-reason", HTMLInputElement);
  #given: (reason: string) => void = () => {};

  constructor() {
    part("pause-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#dialog.close();
      this.#given(this.#reason.value.trim());
    });
    part("pause-cancel", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
  }

  ask(title: string, given: (reason: string) => void): void {
    this.#title.textContent = title;
    this.#reason.value = "";
    this.#given = given;
    this.#dialog.showModal();
    this.#reason.focus();
  }
}
