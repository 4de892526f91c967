/** The list of rooms, opening one, and what concerns a whole room. */
import { part } from "../phone/announce.js";
import { shown } from "./layouts.js";
import { fill } from "./person_panel.js";
const MIXING = "IMM_CONTROL_MIXING_3D_ENABLE";
const MUTE = "IMM_CONTROL_MUTE_ENABLE";
export class RoomList {
    #list = part("rooms", HTMLElement);
    #none = part("no-rooms", HTMLElement);
    #new = part("new-room", HTMLFormElement);
    #name = part("new-name", HTMLInputElement);
    #newLayout = part("new-layout", HTMLSelectElement);
    #title = part("room-title", HTMLElement);
    #room = part("room", HTMLElement);
    #layout = part("layout", HTMLSelectElement);
    #all3d = part("all-3d", HTMLButtonElement);
    #allMuted = part("all-muted", HTMLButtonElement);
    #listener;
    #buttons = new Map();
    constructor(listener) {
        this.#listener = listener;
        this.#new.addEventListener("submit", (event) => {
            event.preventDefault();
            const name = this.#name.value.trim();
            if (name === "") {
                listener.fault("A room needs a name or a number.");
                this.#name.focus();
                return;
            }
            this.#name.value = "";
            listener.open(name, Number(this.#newLayout.value));
        });
        this.#layout.addEventListener("change", () => listener.furnish(Number(this.#layout.value)));
        for (const [button, control] of [[this.#all3d, MIXING], [this.#allMuted, MUTE]]) {
            button.addEventListener("click", () => listener.setAll(control, button.getAttribute("aria-pressed") === "true" ? 0 : 1));
        }
        part("close-room", HTMLButtonElement).addEventListener("click", () => listener.close());
    }
    /** The keyboard goes to the chosen room, or to the list. */
    focus(room) {
        (room === undefined ? this.#list : (this.#buttons.get(room) ?? this.#list)).focus();
    }
    show(rooms, layouts, chosen) {
        this.#none.hidden = rooms.length > 0;
        const there = new Set(rooms.map(({ id }) => id));
        for (const [id, button] of this.#buttons) {
            if (!there.has(id)) {
                button.parentElement?.remove();
                this.#buttons.delete(id);
            }
        }
        for (const [index, room] of rooms.entries()) {
            const button = this.#button(room.id);
            const people = room.people.size === 1 ? "1 person" : `${room.people.size} people`;
            const text = `${room.name} – ${people}`;
            if (button.textContent !== text) {
                button.textContent = text;
            }
            button.toggleAttribute("aria-current", room.id === chosen?.id);
            if (room.id === chosen?.id) {
                button.setAttribute("aria-current", "true");
            }
            const item = button.parentElement;
            if (this.#list.children[index] !== item) {
                this.#list.insertBefore(item, this.#list.children[index] ?? null);
            }
        }
        const options = layouts.map((layout) => ({ value: String(layout.id), text: shown(layout) }));
        fill(this.#layout, options);
        fill(this.#newLayout, options);
        this.#room.hidden = chosen === undefined;
        if (chosen !== undefined) {
            this.#title.textContent = `Room ${chosen.name}`;
            this.#layout.value = String(chosen.layout);
            press(this.#all3d, chosen, MIXING);
            press(this.#allMuted, chosen, MUTE);
        }
    }
    #button(room) {
        let button = this.#buttons.get(room);
        if (button === undefined) {
            button = document.createElement("button");
            button.type = "button";
            button.dataset["room"] = String(room);
            button.addEventListener("click", () => this.#listener.chosen(room));
            const item = document.createElement("li");
            item.append(button);
            this.#list.append(item);
            this.#buttons.set(room, button);
        }
        return button;
    }
}
/** Pressed when it is so for everybody. */
function press(button, room, control) {
    const people = [...room.people.values()].filter(({ type }) => type !== 3);
    const all = people.length > 0 && people.every(({ states }) => (states.get(control) ?? 0) !== 0);
    button.setAttribute("aria-pressed", String(all));
}
