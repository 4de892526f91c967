/** The plan of a room, seen from above: seats, and people to be dragged, turned and chosen. */

import { boxOf, clipped, azimuthTo, type Box, type Direction } from "./geometry.js";
import type { Person, Room } from "./house.js";
import { seatOf, type Layout } from "./layouts.js";
import { Seats } from "./seats.js";
import { svg } from "./svg.js";
import { Token } from "./token.js";

export interface PlanListener {
  /** Somebody was chosen. */
  picked(person: Person): void;
  /** Somebody is being dragged over this spot, or was let go there. */
  dragged(person: Person, x: number, z: number, done: boolean): void;
  /** A head is being turned to this azimuth. */
  faced(person: Person, azimuth: number): void;
  /** An arrow key. */
  stepped(person: Person, direction: Direction, fine: boolean): void;
  /** A key that turns the head, in degrees to the right. */
  turned(person: Person, by: number): void;
}

const ARROWS: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

/** Keys that turn a head, and by how much. */
const TURNS: Readonly<Record<string, number>> = { ",": -15, ".": 15, "<": -1, ">": 1 };

/** Pixels a pointer moves before a press is a drag. */
const SLACK = 4;

interface Drag {
  person: Person;
  pointer: number;
  turns: boolean;
  from: { x: number; y: number };
  /** From the pointer to the middle of the token, centimetres. */
  offset: { x: number; z: number };
  moved: boolean;
}

export class Plan {
  readonly #svg: SVGSVGElement;
  readonly #listener: PlanListener;
  readonly #seats: Seats;
  readonly #people = svg("g", { class: "people" });
  readonly #tokens = new Map<number, Token>();
  #room: Room | undefined;
  #drag: Drag | undefined;
  #scale = 1;

  constructor(element: SVGSVGElement, listener: PlanListener) {
    this.#svg = element;
    this.#listener = listener;
    this.#seats = new Seats();
    element.replaceChildren(this.#seats.element, this.#people);
    element.addEventListener("pointermove", (event) => this.#move(event));
    element.addEventListener("pointerup", (event) => this.#drop(event));
    element.addEventListener("pointercancel", (event) => {
      if (this.#drag?.pointer === event.pointerId) {
        this.#cancel();
      }
    });
    element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#drag !== undefined) {
        event.preventDefault();
        this.#cancel();
      }
    });
  }

  /** Shows the room as it is; `chosen` and `self` are people in it. */
  show(room: Room | undefined, layout: Layout | undefined, chosen: number | undefined, self: number | undefined): void {
    this.#room = room;
    const people = [...(room?.people.values() ?? [])].filter(({ place }) => place !== undefined);
    if (layout !== undefined && this.#drag === undefined) {
      this.#fit(boxOf(layout, people.map(({ place }) => place!.at)));
    }
    const taken = new Map<number, number>();
    for (const { place } of people) {
      const seat = layout === undefined ? 0 : seatOf(layout, place!.seat, place!.at);
      taken.set(seat, (taken.get(seat) ?? 0) + 1);
    }
    this.#seats.show(layout, taken, this.#scale);
    this.#showPeople(people, layout, chosen, self);
  }

  /** Puts the keyboard on somebody's token. */
  focus(person: number): void {
    this.#tokens.get(person)?.button.focus();
  }

  /** Marks the seat a dragged person would get; 0: none. */
  mark(seat: number): void {
    this.#seats.mark(seat);
  }

  /** How near to a seat counts as on it, centimetres. */
  get reach(): number {
    return 26 * this.#scale;
  }

  #showPeople(people: Person[], layout: Layout | undefined, chosen: number | undefined, self: number | undefined): void {
    const there = new Set(people.map(({ id }) => id));
    for (const [id, token] of this.#tokens) {
      if (!there.has(id)) {
        token.element.remove();
        this.#tokens.delete(id);
        if (this.#drag?.person.id === id) {
          this.#cancel();
        }
      }
    }
    const spots = new Map<string, number>();
    for (const person of people) {
      const { at } = person.place!;
      const spot = `${at.x} ${at.z}`;
      const above = spots.get(spot) ?? 0;
      spots.set(spot, above + 1);
      const token = this.#token(person);
      token.show(person, layout, { chosen: person.id === chosen, self: person.id === self, scale: this.#scale, above });
      if (this.#drag?.person.id === person.id && this.#drag.moved && !this.#drag.turns) {
        token.lift();
      } else {
        token.put(at.x, at.z);
      }
    }
  }

  #token(person: Person): Token {
    let token = this.#tokens.get(person.id);
    if (token === undefined) {
      token = new Token();
      const { id } = person;
      token.element.dataset["person"] = String(id);
      token.element.addEventListener("pointerdown", (event) => this.#press(event, id));
      // A finger that holds somebody does not scroll. Chromium does not heed `touch-action` inside a picture.
      token.element.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
      token.element.addEventListener("keydown", (event) => this.#key(event, id));
      this.#tokens.set(id, token);
      this.#people.append(token.element);
    }
    return token;
  }

  #press(event: PointerEvent, id: number): void {
    const person = this.#room?.people.get(id);
    if (person?.place === undefined || event.button !== 0 || this.#drag !== undefined) {
      return;
    }
    const spot = this.#spot(event);
    const { at } = person.place;
    this.#drag = {
      person,
      pointer: event.pointerId,
      turns: event.target instanceof Element && event.target.closest(".handle") !== null,
      from: { x: event.clientX, y: event.clientY },
      offset: { x: at.x - spot.x, z: at.z - spot.z },
      moved: false,
    };
    this.#svg.setPointerCapture(event.pointerId);
    this.#listener.picked(person);
    this.focus(id);
    // The browser would begin to mark text.
    event.preventDefault();
  }

  #move(event: PointerEvent): void {
    const drag = this.#drag;
    if (drag === undefined || drag.pointer !== event.pointerId) {
      return;
    }
    drag.moved ||= Math.hypot(event.clientX - drag.from.x, event.clientY - drag.from.y) > SLACK;
    if (!drag.moved) {
      return;
    }
    const person = this.#room?.people.get(drag.person.id);
    if (person?.place === undefined) {
      return;
    }
    const spot = this.#spot(event);
    if (drag.turns) {
      this.#listener.faced(person, azimuthTo(person.place.at, spot.x, spot.z));
      return;
    }
    const [x, z] = [clipped(spot.x + drag.offset.x), clipped(spot.z + drag.offset.z)];
    this.#tokens.get(person.id)?.lift();
    this.#tokens.get(person.id)?.put(x, z);
    this.#listener.dragged(person, x, z, false);
  }

  #drop(event: PointerEvent): void {
    const drag = this.#drag;
    if (drag === undefined || drag.pointer !== event.pointerId) {
      return;
    }
    this.#drag = undefined;
    this.#tokens.get(drag.person.id)?.lower();
    const person = this.#room?.people.get(drag.person.id);
    if (person !== undefined && drag.moved && !drag.turns) {
      const spot = this.#spot(event);
      this.#listener.dragged(person, clipped(spot.x + drag.offset.x), clipped(spot.z + drag.offset.z), true);
    }
  }

  /** Lets go without an effect. */
  #cancel(): void {
    const drag = this.#drag;
    this.#drag = undefined;
    this.mark(0);
    const token = drag && this.#tokens.get(drag.person.id);
    const at = drag && this.#room?.people.get(drag.person.id)?.place?.at;
    token?.lower();
    if (at !== undefined) {
      token?.put(at.x, at.z);
    }
  }

  #key(event: KeyboardEvent, id: number): void {
    const person = this.#room?.people.get(id);
    if (person === undefined || event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    const direction = ARROWS[event.key];
    const turn = TURNS[event.key];
    if (direction !== undefined) {
      this.#listener.stepped(person, direction, event.shiftKey);
    } else if (turn !== undefined) {
      this.#listener.turned(person, turn);
    } else if (event.key === "Enter" || event.key === " ") {
      this.#listener.picked(person);
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Where on the floor a pointer is. */
  #spot(event: PointerEvent): { x: number; z: number } {
    const matrix = this.#svg.getScreenCTM();
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix?.inverse());
    return { x: point.x, z: -point.y };
  }

  #fit(box: Box): void {
    this.#svg.setAttribute("viewBox", `${box.left} ${-box.top} ${box.width} ${box.height}`);
    // Tokens are made for a plan of four metres; on a larger floor they are larger.
    this.#scale = Math.max(1, Math.max(box.width, box.height) / 400);
  }
}
