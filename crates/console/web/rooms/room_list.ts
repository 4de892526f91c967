/** The list of rooms, opening one, and what concerns a whole room. */

import { part } from "../phone/announce.js";
import type { Room } from "./house.js";
import { shown, type Layout } from "./layouts.js";
import { fill } from "./person_panel.js";

export interface RoomsListener {
  chosen(room: number): void;
  open(name: string, layout: number): void;
  close(): void;
  furnish(layout: number): void;
  /** For everybody in the room. */
  setAll(control: string, value: number): void;
  fault(text: string): void;
}

const MIXING = "IMM_CONTROL_MIXING_3D_ENABLE";
const MUTE = "IMM_CONTROL_MUTE_ENABLE";

export class RoomList {
  readonly #list = part("rooms", HTMLElement);
  readonly #none = part("no-rooms", HTMLElement);
  readonly #new = part("new-room", HTMLFormElement);
  readonly #name = part("new-name", HTMLInputElement);
  readonly #newLayout = part("new-layout", HTMLSelectElement);
  readonly #title = part("room-title", HTMLElement);
  readonly #room = part("room", HTMLElement);
  readonly #layout = part("layout", HTMLSelectElement);
  readonly #all3d = part("all-3d", HTMLButtonElement);
  readonly #allMuted = part("all-muted", HTMLButtonElement);
  readonly #listener: RoomsListener;
  readonly #buttons = new Map<number, HTMLButtonElement>();

  constructor(listener: RoomsListener) {
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
    for (const [button, control] of [[this.#all3d, MIXING], [this.#allMuted, MUTE]] as const) {
      button.addEventListener("click", () => listener.setAll(control, button.getAttribute("aria-pressed") === "true" ? 0 : 1));
    }
    part("close-room", HTMLButtonElement).addEventListener("click", () => listener.close());
  }

  /** The keyboard goes to the chosen room, or to the list. */
  focus(room: number | undefined): void {
    (room === undefined ? this.#list : (this.#buttons.get(room) ?? this.#list)).focus();
  }

  show(rooms: readonly Room[], layouts: readonly Layout[], chosen: Room | undefined): void {
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
      const item = button.parentElement!;
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

  #button(room: number): HTMLButtonElement {
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
function press(button: HTMLButtonElement, room: Room, control: string): void {
  const people = [...room.people.values()].filter(({ type }) => type !== 3);
  const all = people.length > 0 && people.every(({ states }) => (states.get(control) ?? 0) !== 0);
  button.setAttribute("aria-pressed", String(all));
}
