/** One's own phone: which one, whether it wants to be disturbed, and calling somebody with it. */
import { part } from "../phone/announce.js";
import { fill } from "../rooms/person_panel.js";
export class OwnPhone {
    #form = part("call-form", HTMLFormElement);
    #none = part("no-phone", HTMLElement);
    #number = part("number", HTMLInputElement);
    #which = part("which", HTMLSelectElement);
    #whichField = part("which-field", HTMLElement);
    #dnd = part("dnd", HTMLButtonElement);
    #may;
    #own = [];
    constructor(listener) {
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
    get extension() {
        return this.#chosen?.extension.id;
    }
    /** The call was begun: the next number begins empty. */
    called() {
        this.#number.value = "";
    }
    show(own) {
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
    get mayCall() {
        return this.extension !== undefined && this.#may("call", this.extension);
    }
    get #chosen() {
        return this.#own.find(({ extension }) => extension.id === this.#which.value) ?? this.#own[0];
    }
    #showDeeds() {
        part("call", HTMLButtonElement).hidden = !this.mayCall;
        part("number-field", HTMLElement).hidden = !this.mayCall;
        this.#dnd.hidden = this.extension === undefined || !this.#may("do_not_disturb", this.extension);
        this.#dnd.setAttribute("aria-pressed", String(this.#chosen?.extension.dnd === true));
    }
}
