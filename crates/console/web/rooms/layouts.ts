/** Layouts of rooms, out of what the server repeats of its file. */

import { list, object, point, string, whole, type Fields, type Point } from "./wire.js";

export interface Layout {
  id: number;
  name: string;
  description: string;
  /** People of one seat stand at one point. Otherwise each stands `stackDelta` further along z. */
  stacking: boolean;
  stackDelta: number;
  /** People may stand anywhere. */
  open: boolean;
  /** What people on seats look at. */
  centre: Point;
  /** Seat 1 is the first. */
  seats: Point[];
}

const ORIGIN: Point = { x: 0, y: 0, z: 0 };

/** The layouts in order; what cannot be read is left out. Ids that are missing are places in the list. */
export function layouts(results: Fields): Layout[] {
  return Object.entries(object(results["room_list"]) ?? {}).flatMap(([name, value], index) => {
    const fields = object(value);
    if (fields === undefined) {
      return [];
    }
    return {
      id: whole(fields["id"]) ?? index + 1,
      name,
      description: string(fields["desc"]) ?? "",
      stacking: (fields["allowParticipantStacking"] ?? fields["allowSeatStacking"]) === true,
      stackDelta: whole(fields["stackDelta"]) ?? 10,
      open: fields["openRoom"] === true,
      centre: point(fields["centerPoint"]) ?? ORIGIN,
      seats: list(fields["seats"]).flatMap((seat) => point(seat) ?? []),
    };
  });
}

/** The seat somebody sits on, also when others were there first and its own id is one beyond the layout's; 0: none. */
export function seatOf(layout: Layout, seat: number, at: Point): number {
  if (seat <= 0) {
    return 0;
  }
  if (seat <= layout.seats.length) {
    return seat;
  }
  const behind = (one: Point) => {
    const steps = layout.stacking || layout.stackDelta === 0 ? 0 : (at.z - one.z) / layout.stackDelta;
    const onLine = layout.stacking || layout.stackDelta === 0 ? at.z === one.z : Number.isInteger(steps) && steps >= 0;
    return at.x === one.x && at.y === one.y && onLine ? steps : Infinity;
  };
  const distances = layout.seats.map(behind);
  const nearest = Math.min(...distances);
  return nearest === Infinity ? 0 : distances.indexOf(nearest) + 1;
}

/** What to call it. */
export function shown(layout: Layout): string {
  return layout.description === "" ? layout.name : `${layout.name}: ${layout.description}`;
}
