/** What one says of oneself: where one is, with a note. */

import { part } from "../phone/announce.js";
import type { OfferedStatus, Status } from "./wire.js";

export class OwnStatus {
  readonly #form = part("status-form", HTMLFormElement);
  readonly #choice = part("status", HTMLSelectElement);
  readonly #note = part("status-note", HTMLInputElement);
  /** What every panel knows: the options of the page. Their names are the server's. */
  readonly #usual = [...this.#choice.options];
  /** What the server offers instead. */
  #offered: readonly OfferedStatus[] = [];
  /** What was shown last, in one text. */
  #said = "";

  constructor(tell: (type: string, name: string, note: string) => void) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      const offered = this.#offered[this.#choice.selectedIndex];
      tell(offered?.type ?? this.#choice.value, offered?.name ?? "", this.#note.value.trim());
    });
  }

  /** What there is to choose from. */
  offer(statuses: readonly OfferedStatus[]): void {
    this.#offered = statuses;
    this.#said = "";
    const options = statuses.map(({ name, type }) => new Option(name, type));
    this.#choice.replaceChildren(...(options.length === 0 ? this.#usual : options));
  }

  /** `mayTell`: there is a phone of one's own. What somebody is choosing stays until another thing was said. */
  show(status: Status | undefined, mayTell: boolean): void {
    this.#form.hidden = !mayTell;
    const said = JSON.stringify([status?.type, status?.name, status?.note]);
    if (said === this.#said) {
      return;
    }
    this.#said = said;
    const options = [...this.#choice.options];
    const same = this.#offered.findIndex(({ name, type }) => name === status?.name && type === status?.type);
    const alike = options.findIndex(({ value }) => value === status?.type);
    this.#choice.selectedIndex = Math.max(0, same === -1 ? alike : same);
    this.#note.value = status?.note ?? "";
  }
}
