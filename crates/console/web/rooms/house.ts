/** All rooms and everybody in them, as the server tells of them. */

import { find } from "./controls.js";
import type { Happening, PersonSaid, Place, RoomSaid } from "./wire.js";

export interface Person {
  readonly id: number;
  name: string;
  type: number;
  /** `undefined`: has just come, and was not seated yet. */
  place: Place | undefined;
  states: Map<string, number>;
  speaks: boolean;
}

export interface Room {
  readonly id: number;
  name: string;
  layout: number;
  people: Map<number, Person>;
}

/** What has to be done about a happening. */
export type Consequence =
  /** Nothing changed. */
  | "nothing"
  /** It is shown as it is. */
  | "changed"
  /** The room has to be asked for: not everything was told. */
  | "ask";

export class House {
  readonly rooms = new Map<number, Room>();

  /** All rooms anew: those there were and are not among them are gone. */
  furnish(said: readonly RoomSaid[]): void {
    const there = new Set(said.map(({ id }) => id));
    for (const id of [...this.rooms.keys()]) {
      if (!there.has(id)) {
        this.rooms.delete(id);
      }
    }
    for (const room of said) {
      this.put(room);
    }
  }

  /** One room anew. Who speaks is not in what is said of rooms; it stays. */
  put(said: RoomSaid): Room {
    const before = this.rooms.get(said.id);
    const people = new Map(said.people.map((one) => [one.id, seen(one, before?.people.get(one.id))]));
    const room = { id: said.id, name: said.name, layout: said.layout, people };
    this.rooms.set(said.id, room);
    return room;
  }

  /** By number, in the order of their names. */
  sorted(): Room[] {
    return [...this.rooms.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  }

  take(happening: Happening): Consequence {
    const room = this.rooms.get(happening.room);
    switch (happening.kind) {
      case "opened":
        return "ask";
      case "closed":
        return this.rooms.delete(happening.room) ? "changed" : "nothing";
      case "layout":
        if (room !== undefined) {
          room.layout = happening.layout;
        }
        // Everybody is seated anew, and settings of the layout became theirs.
        return "ask";
      case "came":
        room?.people.set(happening.person, {
          id: happening.person,
          name: happening.name,
          type: happening.type,
          place: undefined,
          states: new Map(),
          speaks: false,
        });
        return "ask";
      case "left":
        return room?.people.delete(happening.person) === true ? "changed" : "nothing";
      case "all-states": {
        const name = nameOf(happening.control);
        for (const person of room?.people.values() ?? []) {
          person.states.set(name, happening.value);
        }
        return room === undefined ? "ask" : "changed";
      }
      default:
        return changed(room?.people.get(happening.person), happening);
    }
  }
}

function changed(person: Person | undefined, happening: Happening): Consequence {
  if (person === undefined) {
    // Of somebody we never saw come. Talking of nobody is no news: anybody can send that.
    return happening.kind === "speaking" ? "nothing" : "ask";
  }
  switch (happening.kind) {
    case "placed":
      person.place = happening.place;
      return "changed";
    case "renamed":
      person.name = happening.name;
      return "changed";
    case "state":
      person.states.set(nameOf(happening.control), happening.value);
      return "changed";
    case "speaking":
      person.speaks = happening.speaks;
      return "changed";
    default:
      return "nothing";
  }
}

function nameOf(control: number | string): string {
  return find(control)?.name ?? String(control);
}

function seen(said: PersonSaid, before: Person | undefined): Person {
  return { ...said, speaks: before?.speaks ?? false };
}

/** What to call somebody without a name. */
export function called(person: Person): string {
  return person.name === "" ? `number ${person.id}` : person.name;
}

/** What a token bears: up to two letters. */
export function initials(person: Person): string {
  const words = called(person).split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
  const [first, ...more] = words;
  if (first === undefined) {
    return "?";
  }
  const last = more.at(-1);
  return last === undefined ? first.slice(/^\d+$/.test(first) ? -2 : 0).slice(0, 2).toUpperCase() : (first[0]! + last[0]!).toUpperCase();
}
