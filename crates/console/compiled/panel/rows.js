/** A list whose elements stay what they are while what they show changes, so that the keyboard stays where it is. */
export class Rows {
    #parent;
    #key;
    #make;
    #rows = new Map();
    constructor(parent, key, make) {
        this.#parent = parent;
        this.#key = key;
        this.#make = make;
    }
    show(items) {
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
    #remove(element) {
        const hadFocus = element.contains(document.activeElement);
        element.remove();
        if (hadFocus) {
            this.#parent.focus();
        }
    }
}
/** An element with a class and text or children. */
export function made(kind, name = "", ...inside) {
    const element = document.createElement(kind);
    if (name !== "") {
        element.className = name;
    }
    element.append(...inside);
    return element;
}
/** A button. */
export function button(text, name, pressed) {
    const element = made("button", name, text);
    element.type = "button";
    element.addEventListener("click", pressed);
    return element;
}
/** Puts text in place, if it is not there already: a change would be read out, or end a selection. */
export function put(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}
/** Names a control, if it is not called that already. */
export function label(element, text) {
    if (element.getAttribute("aria-label") !== text) {
        element.setAttribute("aria-label", text);
    }
}
/** Says since when, for the clock to show; `undefined`: nothing. */
export function since(element, time) {
    if (time === undefined) {
        delete element.dataset["since"];
        put(element, "");
    }
    else {
        element.dataset["since"] = String(time);
    }
}
