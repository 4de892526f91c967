/** What is said to the person: shown in the display, and read out by screen readers. */
/** The element with this id, of this kind. The page and the scripts are built together; a missing one is our fault. */
export function part(id, kind) {
    const element = document.getElementById(id);
    if (element instanceof kind) {
        return element;
    }
    throw new Error(`the page has no ${kind.name} "${id}"`);
}
export class Display {
    #said = part("said", HTMLElement);
    #alarm = part("alarm", HTMLElement);
    /** Read out when the person has time. */
    say(text) {
        this.#alarm.textContent = "";
        put(this.#said, text);
    }
    /** Read out at once. */
    alarm(text) {
        this.#said.textContent = "";
        put(this.#alarm, text);
    }
}
/** The same words twice are two announcements: a live region speaks on a change. */
function put(element, text) {
    element.textContent = element.textContent === text ? `${text}\u00a0` : text;
}
