/** What is said to people about what the server says. */

import { inWords, type Control } from "./controls.js";
import { called, type Person } from "./house.js";
import { seatOf, type Layout } from "./layouts.js";
import type { Failure } from "./wire.js";

/** Why a command was not done. */
export function ofFailure(failure: Failure): string {
  const detail = failure.text.replace(/^[A-Z_]+: /, "");
  switch (failure.code) {
    case -9993:
      return /exists$/.test(detail) ? "There is a room of that name already." : "That room is closed.";
    case -9992:
      return "That person has left the room.";
    case -9991:
      return "This server does not have that control.";
    case -9989:
      return "No head turns that far.";
    case -9987:
      return "That cannot be done with a recording.";
    case -9986:
      return "The server is shutting down.";
    case -9000:
      return "That was too much at once. Try again in a moment.";
    case -9990:
      return /position|open/i.test(detail)
        ? "In this room people sit on seats; only an open room has free places."
        : `The server did not accept that: ${detail}.`;
    default:
      return `That did not work: ${detail === "" ? `error ${failure.code}` : detail}.`;
  }
}

/** Where somebody is. */
export function whereabouts(layout: Layout | undefined, person: Person): string {
  const { place } = person;
  if (place === undefined || layout === undefined) {
    return "coming in";
  }
  const seat = seatOf(layout, place.seat, place.at);
  if (seat > 0) {
    return place.seat === seat ? `seat ${seat}` : `seat ${seat}, with others`;
  }
  return `at ${place.at.x}, ${place.at.z}`;
}

/** Somebody was moved, or turned. */
export function ofPlace(layout: Layout | undefined, person: Person): string {
  const faces = layout?.open === true && person.place !== undefined ? `, facing ${person.place.heading.azimuth}°` : "";
  return `${called(person)}: ${whereabouts(layout, person)}${faces}.`;
}

/** Everything the plan shows about somebody, for who cannot see it. */
export function described(layout: Layout | undefined, person: Person, isSelf: boolean): string {
  const parts = [isSelf ? `${called(person)}, you` : called(person), whereabouts(layout, person)];
  if (person.place !== undefined && layout?.open === true) {
    parts.push(`facing ${person.place.heading.azimuth}°`);
  }
  if ((person.states.get("IMM_CONTROL_MUTE_ENABLE") ?? 0) !== 0) {
    parts.push("muted");
  }
  if (person.speaks) {
    parts.push("speaking");
  }
  return parts.join(", ");
}

/** A control was changed. */
export function ofControl(person: Person, control: Control, value: number): string {
  return `${called(person)}: ${control.label}: ${inWords(control, value)}.`;
}

/** What to dial for a room: a conference of the shipped dialplan is called number-domain. */
export function numberOf(roomName: string): string {
  return /^(\d+)(-.*)?$/.exec(roomName)?.[1] ?? roomName;
}
