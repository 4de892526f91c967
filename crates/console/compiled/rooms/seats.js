/** The seats of a layout on the plan, each with its number and how many sit there. */
import { svg } from "./svg.js";
export class Seats {
    element = svg("g", { class: "seats", "aria-hidden": "true" });
    #drawn;
    #scale = 0;
    #seats = [];
    /** `taken`: how many people by seat. */
    show(layout, taken, scale) {
        if (layout !== this.#drawn || scale !== this.#scale) {
            this.#draw(layout, scale);
        }
        for (const [index, { element, count }] of this.#seats.entries()) {
            const people = taken.get(index + 1) ?? 0;
            element.dataset["taken"] = String(people);
            count.textContent = people > 1 ? `×${people}` : "";
        }
    }
    mark(seat) {
        for (const [index, { element }] of this.#seats.entries()) {
            element.classList.toggle("target", index + 1 === seat);
        }
    }
    #draw(layout, scale) {
        this.#drawn = layout;
        this.#scale = scale;
        this.#seats = [];
        this.element.replaceChildren();
        if (layout === undefined) {
            return;
        }
        const centre = svg("path", { class: "centre", d: "M-8 0H8M0-8V8" });
        centre.setAttribute("transform", `translate(${layout.centre.x} ${-layout.centre.z}) scale(${scale})`);
        this.element.append(centre);
        for (const [index, seat] of layout.seats.entries()) {
            const element = svg("g", { class: "seat", transform: `translate(${seat.x} ${-seat.z}) scale(${scale})` });
            element.dataset["seat"] = String(index + 1);
            const number = svg("text", { class: "number", x: "-24", y: "-24" });
            number.textContent = String(index + 1);
            const count = svg("text", { class: "count", x: "24", y: "-24" });
            element.append(svg("circle", { r: "26" }), number, count);
            this.element.append(element);
            this.#seats.push({ element, count });
        }
    }
}
