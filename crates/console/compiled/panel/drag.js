/** Calls dragged by mouse, pen or finger onto whatever takes them. The keyboard has the menu of each call instead. */
import { part } from "../phone/announce.js";
import { read } from "./targets.js";
/** Pixels a pointer moves before a press is a drag. */
const SLACK = 5;
export class Drag {
    #shown = part("dragged", HTMLElement);
    #dropped;
    #held;
    /** Inside `root`, `data-drag` names the segment of a call and `data-target` what takes it. */
    constructor(root, dropped) {
        this.#dropped = dropped;
        root.addEventListener("pointerdown", (event) => this.#press(event));
        document.addEventListener("pointermove", (event) => this.#move(event));
        document.addEventListener("pointerup", (event) => this.#drop(event));
        document.addEventListener("pointercancel", () => this.#end());
        document.addEventListener("keydown", (event) => {
            if (event.key === "Escape" && this.#held !== undefined) {
                event.preventDefault();
                this.#end();
            }
        });
    }
    #press(event) {
        const { target } = event;
        if (!(target instanceof Element) || event.button !== 0 || this.#held !== undefined || target.closest("button, input, select, a")) {
            return;
        }
        const card = target.closest("[data-drag]");
        const segment = card?.dataset["drag"];
        if (card === null || segment === undefined) {
            return;
        }
        const from = { x: event.clientX, y: event.clientY };
        this.#held = { pointer: event.pointerId, segment, words: card.dataset["words"] ?? "", from, moved: false, over: undefined };
        // The browser would begin to mark text.
        event.preventDefault();
    }
    #move(event) {
        const held = this.#held;
        if (held === undefined || held.pointer !== event.pointerId) {
            return;
        }
        if (!held.moved) {
            if (Math.hypot(event.clientX - held.from.x, event.clientY - held.from.y) <= SLACK) {
                return;
            }
            held.moved = true;
            this.#shown.textContent = held.words;
            this.#shown.hidden = false;
            document.body.classList.add("dragging");
        }
        this.#shown.style.transform = `translate(${event.clientX + 12}px, ${event.clientY + 12}px)`;
        const over = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-target]") ?? undefined;
        if (over !== held.over) {
            held.over?.classList.remove("over");
            over?.classList.add("over");
            held.over = over;
        }
    }
    #drop(event) {
        const held = this.#held;
        if (held === undefined || held.pointer !== event.pointerId) {
            return;
        }
        this.#end();
        const target = held.moved ? read(held.over?.dataset["target"]) : undefined;
        if (target !== undefined) {
            this.#dropped(held.segment, target);
        }
    }
    #end() {
        this.#held?.over?.classList.remove("over");
        this.#held = undefined;
        this.#shown.hidden = true;
        document.body.classList.remove("dragging");
    }
}
