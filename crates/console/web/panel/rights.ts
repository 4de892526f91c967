/** What whoever is signed in may do, as the server says it. The server judges by itself; here it is only what the page offers. */

import type { Office, Segment } from "./office.js";

/** The words of the server (docs/protocols/event-api.md). */
export type Right =
  | "see" | "calls" | "history" | "call" | "hold" | "transfer" | "take" | "park" | "record" | "mute" | "hangup" | "do_not_disturb"
  | "agent_login" | "pause_member" | "penalty" | "voicemail";

export type Rights = ReadonlySet<string>;

const NONE: Rights = new Set();

export class Powers {
  readonly #office: Office;
  /** To everything there is. */
  #anywhere: Rights = NONE;

  constructor(office: Office) {
    this.#office = office;
  }

  become(anywhere: readonly string[]): void {
    this.#anywhere = new Set(anywhere);
  }

  /** To any of some extensions, queues, parking lots and conferences. */
  may(right: Right, ...things: readonly (string | undefined)[]): boolean {
    return this.#anywhere.has(right) || things.some((id) => id !== undefined && this.#office.rights.get(id)?.has(right) === true);
  }

  /** To a call: by any extension on either side of it, or by the place it is in. */
  mayCall(right: Right, segment: Segment): boolean {
    const { segments } = this.#office;
    const sides = [segment, ...this.#office.diallers(segment.id), ...[...segment.links.keys(), ...segment.dials].flatMap((id) => segments.get(id) ?? [])];
    const waits = [this.#office.queueOf(segment.id)?.id, this.#office.lotOf(segment.id)?.id].filter((id) => id !== undefined);
    const things = [...sides.map(({ extension }) => extension), this.#office.roomOf(segment.id)?.id, ...waits];
    // Who may take calls that wait may send those elsewhere.
    const takes = (right === "transfer" || right === "park") && waits.length > 0 && this.may("take", ...things);
    return takes || this.may(right, ...things);
  }
}
