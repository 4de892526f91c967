/** Somebody's place, head and settings, to be changed without the plan. */

import { part } from "../phone/announce.js";
import { ControlList, type Set } from "./control_list.js";
import { called, type Person, type Room } from "./house.js";
import { heardFrom } from "./geometry.js";
import { seatOf, type Layout } from "./layouts.js";
import type { Heading, Point } from "./wire.js";
import { whereabouts } from "./words.js";

export interface PersonListener {
  /** Somebody else is to be shown; `undefined`: nobody. */
  picked(person: number | undefined): void;
  sit(seat: number): void;
  stand(at: Point): void;
  face(heading: Heading): void;
  rename(name: string): void;
  sendOut(): void;
  set: Set;
}

export class PersonPanel {
  readonly #who = part("person", HTMLSelectElement);
  readonly #details = part("person-details", HTMLElement);
  readonly #where = part("where", HTMLElement);
  readonly #seat = part("seat", HTMLSelectElement);
  readonly #position = part("position", HTMLFieldSetElement);
  readonly #x = part("x", HTMLInputElement);
  readonly #y = part("y", HTMLInputElement);
  readonly #z = part("z", HTMLInputElement);
  readonly #azimuth = part("azimuth", HTMLInputElement);
  readonly #azimuthShown = part("azimuth-shown", HTMLOutputElement);
  readonly #elevation = part("elevation", HTMLInputElement);
  readonly #elevationShown = part("elevation-shown", HTMLOutputElement);
  readonly #fixed = part("fixed", HTMLElement);
  readonly #name = part("person-name", HTMLInputElement);
  readonly #controls: ControlList;
  #seatsOf: Layout | undefined;

  constructor(listener: PersonListener) {
    this.#controls = new ControlList(part("controls", HTMLElement), listener.set);
    this.#who.addEventListener("change", () => listener.picked(this.#who.value === "" ? undefined : Number(this.#who.value)));
    this.#seat.addEventListener("change", () => {
      if (this.#seat.value !== "") {
        listener.sit(Number(this.#seat.value));
      }
    });
    for (const input of [this.#x, this.#y, this.#z]) {
      input.addEventListener("change", () => {
        if (input.value !== "" && input.reportValidity()) {
          listener.stand({ x: Number(this.#x.value), y: Number(this.#y.value), z: Number(this.#z.value) });
        }
      });
    }
    for (const input of [this.#azimuth, this.#elevation]) {
      input.addEventListener("input", () => {
        this.#showAngles();
        listener.face({ azimuth: Number(this.#azimuth.value), elevation: Number(this.#elevation.value) });
      });
    }
    part("rename", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      listener.rename(this.#name.value.trim());
    });
    part("send-out", HTMLButtonElement).addEventListener("click", () => listener.sendOut());
  }

  get hasFocus(): boolean {
    return this.#details.contains(document.activeElement);
  }

  /** The keyboard goes to the list of people. */
  focus(): void {
    this.#who.focus();
  }

  show(room: Room | undefined, layout: Layout | undefined, chosen: number | undefined, self: Person | undefined): void {
    const people = [...(room?.people.values() ?? [])];
    const options = people.map((person) => ({ value: String(person.id), text: `${called(person)} – ${whereabouts(layout, person)}` }));
    fill(this.#who, [{ value: "", text: people.length === 0 ? "Nobody is here" : "Choose a person" }, ...options]);
    const person = chosen === undefined ? undefined : room?.people.get(chosen);
    this.#who.value = person === undefined ? "" : String(person.id);
    this.#details.hidden = person === undefined;
    if (person !== undefined && layout !== undefined) {
      this.#show(person, layout, self);
    }
  }

  #show(person: Person, layout: Layout, self: Person | undefined): void {
    const { place } = person;
    this.#where.textContent =
      self?.place !== undefined && self.id !== person.id && place !== undefined
        ? `You hear ${called(person)} ${heardFrom(self.place, place.at)}.`
        : self?.id === person.id
          ? "This is you."
          : "";
    if (this.#seatsOf !== layout) {
      this.#seatsOf = layout;
      const seats = layout.seats.map((_, index) => ({ value: String(index + 1), text: `Seat ${index + 1}` }));
      fill(this.#seat, layout.open ? [{ value: "", text: "None" }, ...seats] : seats);
    }
    const seat = place === undefined ? 0 : seatOf(layout, place.seat, place.at);
    this.#seat.value = seat === 0 ? "" : String(seat);
    this.#position.hidden = !layout.open;
    this.#fixed.hidden = layout.open;
    if (place !== undefined) {
      for (const [input, value] of [[this.#x, place.at.x], [this.#y, place.at.y], [this.#z, place.at.z]] as const) {
        if (document.activeElement !== input) {
          input.value = String(value);
        }
      }
      for (const [input, value] of [[this.#azimuth, place.heading.azimuth], [this.#elevation, place.heading.elevation]] as const) {
        if (!input.matches(":active")) {
          input.value = String(value);
        }
      }
      this.#showAngles();
    }
    if (document.activeElement !== this.#name) {
      this.#name.value = person.name;
    }
    this.#controls.show(person);
  }

  #showAngles(): void {
    this.#azimuthShown.value = `${this.#azimuth.value}°`;
    this.#elevationShown.value = `${this.#elevation.value}°`;
    this.#azimuth.setAttribute("aria-valuetext", `${this.#azimuth.value} degrees to the right of forward`);
    this.#elevation.setAttribute("aria-valuetext", `${this.#elevation.value} degrees up`);
  }
}

/** Makes the options of a list, and leaves those alone that are right. */
export function fill(select: HTMLSelectElement, options: readonly { value: string; text: string }[]): void {
  for (const [index, { value, text }] of options.entries()) {
    const there = select.options[index];
    if (there === undefined) {
      select.append(new Option(text, value));
    } else if (there.value !== value || there.text !== text) {
      there.value = value;
      there.text = text;
    }
  }
  while (select.options.length > options.length) {
    select.remove(select.options.length - 1);
  }
}
