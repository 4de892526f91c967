/** One's own phone: which one, whether it wants to be disturbed, and calling somebody with it. */

import { part } from "../phone/announce.js";
import { fill } from "../rooms/person_panel.js";
import type { Person } from "./people_list.js";

export interface OwnPhoneListener {
  may(right: "call" | "do_not_disturb", extension: string): boolean;
  call(number: string): void;
  dnd(on: boolean): void;
}

export class OwnPhone {
  readonly #form = part("call-form", HTMLFormElement);
  readonly #none = part("no-phone", HTMLElement);
  readonly #number = part("number", HTMLInputElement);
  readonly #which = part("which", HTMLSelectElement);
  readonly #whichField = part("which-field", HTMLElement);
  readonly #dnd = part("dnd", HTMLButtonElement);
  readonly #may: OwnPhoneListener["may"];
  #own: readonly Person[] = [];

  constructor(listener: OwnPhoneListener) {
    this.#may = (right, extension) => listener.may(right, extension);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const number = this.#number.value.trim();
      if (number === "") {
        this.#number.focus();
        return;
      }
      listener.call(number);
    });
    this.#which.addEventListener("change", () => this.#showDeeds());
    this.#dnd.addEventListener("click", () => listener.dnd(this.#dnd.getAttribute("aria-pressed") !== "true"));
  }

  /** The extension that calls, and that calls are taken to; `undefined`: there is none. */
  get extension(): string | undefined {
    return this.#chosen?.extension.id;
  }

  /** The call was begun: the next number begins empty. */
  called(): void {
    this.#number.value = "";
  }

  show(own: readonly Person[]): void {
    this.#own = own;
    this.#none.hidden = own.length > 0;
    this.#form.hidden = own.length === 0;
    this.#whichField.hidden = own.length < 2;
    const chosen = this.#which.value;
    fill(this.#which, own.map(({ extension, name }) => ({ value: extension.id, text: `${name}, ${extension.number}` })));
    this.#which.value = own.some(({ extension }) => extension.id === chosen) ? chosen : (own[0]?.extension.id ?? "");
    this.#showDeeds();
  }

  /** Whether it may be called with. */
  get mayCall(): boolean {
    return this.extension !== undefined && this.#may("call", this.extension);
  }

  get #chosen(): Person | undefined {
    return this.#own.find(({ extension }) => extension.id === this.#which.value) ?? this.#own[0];
  }

  #showDeeds(): void {
    part("call", HTMLButtonElement).hidden = !this.mayCall;
    part("number-field", HTMLElement).hidden = !this.mayCall;
    this.#dnd.hidden = this.extension === undefined || !this.#may("do_not_disturb", this.extension);
    this.#dnd.setAttribute("aria-pressed", String(this.#chosen?.extension.dnd === true));
  }
}
