/** What is said to the person: shown in the display, and read out by screen readers. */

/** The element with this id, of this kind. The page and the scripts are built together; a missing one is our fault. */
export function part<T extends Element>(id: string, kind: abstract new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof kind) {
    return element;
  }
  throw new Error(`the page has no ${kind.name} "${id}"`);
}

export class Display {
  readonly #said = part("said", HTMLElement);
  readonly #alarm = part("alarm", HTMLElement);

  /** Read out when the person has time. */
  say(text: string): void {
    this.#alarm.textContent = "";
    put(this.#said, text);
  }

  /** Read out at once. */
  alarm(text: string): void {
    this.#said.textContent = "";
    put(this.#alarm, text);
  }
}

/** The same words twice are two announcements: a live region speaks on a change. */
function put(element: HTMLElement, text: string): void {
  element.textContent = element.textContent === text ? `${text}\u00a0` : text;
}
