/** What is said to people about phones, calls and the server's refusals. */

import type { Extension, Office, Segment, User } from "./office.js";
import type { AgentSaid, Device } from "./wire.js";

/** Whom a call is shown with: "Ana Ruiz, 201". */
export function called(party: { name: string; number: string }): string {
  const name = party.name.trim();
  if (party.number === "" || party.number === name) {
    return name === "" ? "unknown number" : name;
  }
  return name === "" ? party.number : `${name}, ${party.number}`;
}

/** Somebody's name: that of the user, or else of the extension. */
export function nameOf(extension: Extension, user: User | undefined): string {
  return user !== undefined && user.name !== "" ? user.name : extension.name === "" ? extension.number : extension.name;
}

/** The state of a phone, for people and for colours. */
export interface Standing {
  /** One of a few, for colours and for those who sort. */
  kind: "away" | "idle" | "ringing" | "busy" | "held" | "dnd";
  words: string;
  /** Since when, Unix milliseconds; `undefined`: not known, or of no interest. */
  since: number | undefined;
}

/** What somebody's phone is doing. Calls say more than the device does, and go first. */
export function standing(office: Office, extension: Extension): Standing {
  const segments = office.ofExtension(extension.id);
  for (const about of [talking, ringing]) {
    const found = segments.flatMap((segment) => about(office, segment) ?? [])[0];
    if (found !== undefined) {
      return found;
    }
  }
  if (segments.length > 0) {
    return { kind: "busy", words: "in a call", since: undefined };
  }
  if (extension.dnd) {
    return { kind: "dnd", words: "do not disturb", since: undefined };
  }
  return ofDevice(extension.device);
}

function talking(office: Office, segment: Segment): Standing | undefined {
  const room = office.roomOf(segment.id);
  if (room !== undefined) {
    return { kind: "busy", words: `in conference ${room.name}`, since: undefined };
  }
  for (const [to, since] of segment.links) {
    const other = office.segments.get(to);
    const whom = other === undefined ? "" : ` with ${called(other)}`;
    return isHeld(office, segment)
      ? { kind: "held", words: `on hold${whom}`, since }
      : { kind: "busy", words: `talking${whom}`, since };
  }
  const queue = office.queueOf(segment.id);
  if (queue !== undefined) {
    return { kind: "busy", words: `waiting in queue ${queue.name}`, since: queue.waiting.get(segment.id)?.since };
  }
  const lot = office.lotOf(segment.id);
  return lot && { kind: "held", words: `parked in ${lot.name}`, since: lot.parked.get(segment.id)?.since };
}

function ringing(office: Office, segment: Segment): Standing | undefined {
  const dialler = office.diallers(segment.id)[0];
  if (dialler !== undefined) {
    return { kind: "ringing", words: `ringing: ${called(dialler)}`, since: undefined };
  }
  for (const to of segment.dials) {
    const other = office.segments.get(to);
    return { kind: "ringing", words: `calling ${other === undefined ? "" : called(other)}`.trimEnd(), since: undefined };
  }
  return undefined;
}

/** A call is on hold when either leg of it is. */
export function isHeld(office: Office, segment: Segment): boolean {
  return segment.held || [...segment.links.keys()].some((to) => office.segments.get(to)?.held === true);
}

/** A phone without calls that we know of. */
function ofDevice(device: Device): Standing {
  switch (device) {
    case "NOT_INUSE":
      return { kind: "idle", words: "idle", since: undefined };
    case "INUSE":
    case "BUSY":
      return { kind: "busy", words: "busy", since: undefined };
    case "RINGING":
    case "RINGINUSE":
      return { kind: "ringing", words: "ringing", since: undefined };
    case "ONHOLD":
      return { kind: "held", words: "on hold", since: undefined };
    case "UNAVAILABLE":
    case "INVALID":
      return { kind: "away", words: "not registered", since: undefined };
    case "UNKNOWN":
      return { kind: "away", words: "state unknown", since: undefined };
  }
}

/** What an agent is doing for a queue. */
export function ofAgent(agent: AgentSaid): string {
  const device = ofDevice(agent.device).words;
  const paused = agent.paused ? `paused${agent.reason === undefined || agent.reason === "" ? "" : `: ${agent.reason}`}` : "";
  const words = paused === "" ? device : `${paused}, ${device}`;
  return agent.penalty === 0 ? words : `${words}, penalty ${agent.penalty}`;
}

/** What somebody has said about themselves; empty: nothing. `now` is Unix milliseconds. */
export function ofStatus(user: User | undefined, now: number): string {
  const status = user?.status;
  if (status === undefined) {
    return "";
  }
  const words = [status.name, status.note].filter((text) => text !== "").join(": ");
  return status.returns > now ? `${words}${words === "" ? "" : ", "}back ${clock(status.returns, now)}` : words;
}

/** An hour of today, or a day and an hour. */
export function clock(time: number, now: number): string {
  const when = new Date(time);
  const hour = when.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  return when.toDateString() === new Date(now).toDateString() ? hour : `${when.toLocaleDateString()} ${hour}`;
}

/** Seconds as a clock shows them: 0:05, 12:00, 1:00:00. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number: number) => String(number).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Why something was not done, from the server's status and sentence. */
export function ofRefusal(status: number, sentence: string): string {
  const words = /[.!?]$/.test(sentence) || sentence === "" ? sentence : `${sentence}.`;
  switch (status) {
    case 0:
      return "There is no connection to the server.";
    case 401:
      return "Sign in again.";
    case 403:
      return "You may not do that.";
    case 429:
    case 503:
      return words === "" ? `The server did not do that (${status}).` : words;
    case 404:
      return "That is gone by now.";
    default:
      return words === "" ? `The server did not do that (${status}).` : `The server did not do that: ${words}`;
  }
}
