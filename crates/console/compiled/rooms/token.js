/** A person on the plan: a disc with a nose where it looks, a handle to turn it, letters, and the name below. */
import { called, initials } from "./house.js";
import { svg } from "./svg.js";
import { described } from "./words.js";
/** Letters of a name below a token. */
const LONGEST = 16;
export class Token {
    element = svg("g", { class: "token" });
    /** What has the keyboard. Its name says more than the letters beside it. */
    button = svg("g", { class: "person", tabindex: "0", role: "button" });
    #head = svg("g", { class: "head", "aria-hidden": "true" });
    #letters = svg("text", { class: "letters", y: "6", "aria-hidden": "true" });
    #name = svg("text", { class: "name", y: "40", "aria-hidden": "true" });
    #look = { chosen: false, self: false, scale: 1, above: 0 };
    constructor() {
        const line = svg("path", { class: "gaze", d: "M0-20V-38" });
        const handle = svg("g", { class: "handle" });
        // Fingers are thicker than the dot that shows.
        handle.append(svg("circle", { class: "grip", cy: "-42", r: "13" }), svg("circle", { class: "dot", cy: "-42", r: "6" }));
        this.#head.append(svg("path", { class: "nose", d: "M-9-17L0-30L9-17Z" }), line, handle);
        const ring = svg("circle", { class: "ring", r: "26" });
        this.button.append(ring, this.#head, svg("circle", { class: "disc", r: "20" }));
        this.element.append(this.button, this.#letters, this.#name);
    }
    show(person, layout, look) {
        this.#look = look;
        const { classList } = this.element;
        classList.toggle("speaks", person.speaks);
        classList.toggle("self", look.self);
        classList.toggle("muted", (person.states.get("IMM_CONTROL_MUTE_ENABLE") ?? 0) !== 0);
        classList.toggle("turns", layout?.open === true);
        this.button.setAttribute("aria-pressed", String(look.chosen));
        this.button.setAttribute("aria-label", described(layout, person, look.self));
        this.#head.setAttribute("transform", `rotate(${person.place?.heading.azimuth ?? 0})`);
        // Below, unless the handle is there.
        const looksDown = layout?.open === true && Math.abs(person.place?.heading.azimuth ?? 0) > 90;
        this.#name.setAttribute("y", looksDown ? "-32" : "40");
        this.#letters.textContent = initials(person);
        const name = called(person);
        this.#name.textContent = name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
    }
    put(x, z) {
        const { scale, above } = this.#look;
        // Those who stand on one spot are shown as a fan.
        const aside = above * 14 * scale;
        this.element.setAttribute("transform", `translate(${x + aside} ${-z + aside}) scale(${scale})`);
    }
    /** In somebody's hand. */
    lift() {
        this.element.classList.add("lifted");
    }
    lower() {
        this.element.classList.remove("lifted");
    }
}
