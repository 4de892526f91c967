/** Which of the people in the rooms is the listener itself: calls and participants have no number in common. */

import type { House, Person } from "./house.js";

export interface Myself {
  room: number;
  person: number;
}

/** Everybody who is there now, to tell later who has come. */
export function roll(house: House): Set<string> {
  const there = new Set<string>();
  for (const room of house.rooms.values()) {
    for (const id of room.people.keys()) {
      there.add(`${room.id} ${id}`);
    }
  }
  return there;
}

/**
 * Of those who have come since: who bears one of our names, in the room we called before any other one; of several the
 * last. If nobody does, the only one who came into that room.
 */
export function myself(house: House, before: ReadonlySet<string>, called: number, names: readonly string[]): Myself | undefined {
  const own: Myself[] = [];
  const here: Myself[] = [];
  for (const room of house.rooms.values()) {
    for (const person of room.people.values()) {
      if (person.type === 3 || before.has(`${room.id} ${person.id}`)) {
        continue;
      }
      const found = { room: room.id, person: person.id };
      if (isNamed(person, names)) {
        own.push(found);
      }
      if (room.id === called) {
        here.push(found);
      }
    }
  }
  const last = (some: Myself[]) => some.reduce<Myself | undefined>((best, one) => (best !== undefined && best.person > one.person ? best : one), undefined);
  return last(own.filter(({ room }) => room === called)) ?? last(own) ?? (here.length === 1 ? here[0] : undefined);
}

function isNamed(person: Person, names: readonly string[]): boolean {
  return person.name !== "" && names.includes(person.name);
}
