/** Everybody with a phone: who it is, what the phone does, and what its owner says of themselves. */
import { part } from "../phone/announce.js";
import { button, label, made, put, Rows, since } from "./rows.js";
import { nameOf, ofStatus, standing } from "./words.js";
export class PeopleList {
    #search = part("search", HTMLInputElement);
    #count = part("people-count", HTMLElement);
    #rows;
    constructor(listener, again) {
        this.#rows = new Rows(part("people", HTMLElement), ({ extension }) => extension.id, (person) => new PersonRow(person, listener));
        this.#search.addEventListener("input", again);
    }
    show(office, own, now) {
        const all = people(office, own, now);
        const shown = all.filter((person) => fits(person, this.#search.value));
        this.#rows.show(shown);
        put(this.#count, all.length === 0 ? "Nobody has a phone here." : shown.length === 0 ? "Nobody fits." : "");
    }
}
/** Everybody, oneself first, then by name. */
export function people(office, own, now) {
    const all = [...office.extensions.values()].map((extension) => {
        const user = extension.user === undefined ? undefined : office.users.get(extension.user);
        return {
            extension,
            user,
            name: nameOf(extension, user),
            standing: standing(office, extension),
            status: ofStatus(user, now),
            isOwn: own.includes(extension.id),
        };
    });
    const rank = (person) => (person.isOwn ? own.indexOf(person.extension.id) : own.length);
    return all.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, undefined, { numeric: true }) || compare(a, b));
}
function compare(a, b) {
    return a.extension.number.localeCompare(b.extension.number, undefined, { numeric: true });
}
/** Every word typed is somewhere in what is shown of somebody. */
export function fits(person, typed) {
    const { extension, user, name, status } = person;
    const text = [name, extension.number, extension.name, user?.username ?? "", status, person.standing.words].join(" ").toLowerCase();
    return typed.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
class PersonRow {
    element = made("li", "someone");
    #name = made("strong", "name");
    #number = made("span", "number");
    #state = made("span", "state");
    #time = made("span", "time");
    #status = made("p", "status");
    #call;
    #mayCall;
    #person;
    constructor(person, listener) {
        this.#person = person;
        this.#mayCall = () => listener.mayCall();
        this.#call = button("Call", "small go", () => listener.call(this.#person));
        const lines = made("div", "lines", made("p", "", this.#name, " ", this.#number), made("p", "doing", this.#state, " ", this.#time), this.#status);
        const dot = made("span", "dot");
        dot.setAttribute("aria-hidden", "true");
        this.element.append(dot, lines, this.#call);
        this.element.dataset["target"] = `extension ${person.extension.id}`;
        this.element.dataset["extension"] = person.extension.number;
    }
    show(person) {
        this.#person = person;
        const { extension, name } = person;
        this.element.dataset["kind"] = person.standing.kind;
        this.element.classList.toggle("own", person.isOwn);
        put(this.#name, person.isOwn ? `${name} (you)` : name);
        put(this.#number, name === extension.number ? "" : extension.number);
        const dnd = extension.dnd && person.standing.kind !== "dnd" ? ", do not disturb" : "";
        put(this.#state, `${person.standing.words}${dnd}`);
        since(this.#time, person.standing.since);
        put(this.#status, person.status);
        this.#status.hidden = person.status === "";
        this.#call.hidden = person.isOwn || !this.#mayCall();
        label(this.#call, `Call ${name === extension.number ? name : `${name}, ${extension.number}`}`);
    }
}
