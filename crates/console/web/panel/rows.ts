/** A list whose elements stay what they are while what they show changes, so that the keyboard stays where it is. */

export interface Row<T> {
  readonly element: HTMLElement;
  show(item: T): void;
}

export class Rows<T> {
  readonly #parent: HTMLElement;
  readonly #key: (item: T) => string;
  readonly #make: (item: T) => Row<T>;
  readonly #rows = new Map<string, Row<T>>();

  constructor(parent: HTMLElement, key: (item: T) => string, make: (item: T) => Row<T>) {
    this.#parent = parent;
    this.#key = key;
    this.#make = make;
  }

  show(items: readonly T[]): void {
    const keys = new Set(items.map(this.#key));
    for (const [key, row] of this.#rows) {
      if (!keys.has(key)) {
        this.#remove(row.element);
        this.#rows.delete(key);
      }
    }
    for (const [index, item] of items.entries()) {
      const key = this.#key(item);
      let row = this.#rows.get(key);
      if (row === undefined) {
        row = this.#make(item);
        this.#rows.set(key, row);
      }
      row.show(item);
      const there = this.#parent.children[index];
      if (there !== row.element) {
        this.#parent.insertBefore(row.element, there ?? null);
      }
    }
  }

  /** The keyboard does not fall out of the page with what it was on. */
  #remove(element: HTMLElement): void {
    const hadFocus = element.contains(document.activeElement);
    element.remove();
    if (hadFocus) {
      this.#parent.focus();
    }
  }
}

/** An element with a class and text or children. */
export function made<K extends keyof HTMLElementTagNameMap>(kind: K, name = "", ...inside: (string | Node)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(kind);
  if (name !== "") {
    element.className = name;
  }
  element.append(...inside);
  return element;
}

/** A button. */
export function button(text: string, name: string, pressed: () => void): HTMLButtonElement {
  const element = made("button", name, text);
  element.type = "button";
  element.addEventListener("click", pressed);
  return element;
}

/** Puts text in place, if it is not there already: a change would be read out, or end a selection. */
export function put(element: Element, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Names a control, if it is not called that already. */
export function label(element: Element, text: string): void {
  if (element.getAttribute("aria-label") !== text) {
    element.setAttribute("aria-label", text);
  }
}

/** Says since when, for the clock to show; `undefined`: nothing. */
export function since(element: HTMLElement, time: number | undefined): void {
  if (time === undefined) {
    delete element.dataset["since"];
    put(element, "");
  } else {
    element.dataset["since"] = String(time);
  }
}
