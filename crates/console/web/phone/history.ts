/** The list of calls, kept in this browser only. */

import type { Ending } from "./reason.js";

export interface Entry {
  /** Milliseconds since 1970. */
  when: number;
  uri: string;
  name: string;
  outgoing: boolean;
  ending: Ending;
  /** How long the two sides were connected. */
  seconds: number;
}

/** The part of `localStorage` we use. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const KEY = "jackfield.phone.calls";

/** So many calls are kept, newest first. */
const LONGEST = 100;

const ENDINGS: readonly Ending[] = ["ended", "missed", "cancelled", "declined", "failed"];

export class History {
  readonly #store: Store;
  #entries: Entry[];

  constructor(store: Store) {
    this.#store = store;
    this.#entries = kept(store);
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  add(entry: Entry): void {
    this.#entries = [entry, ...this.#entries].slice(0, LONGEST);
    try {
      this.#store.setItem(KEY, JSON.stringify(this.#entries));
    } catch {
      // Full or forbidden: the list lives as long as the page.
    }
  }

  clear(): void {
    this.#entries = [];
    this.#store.removeItem(KEY);
  }
}

/** What was kept; anything that does not look like an entry is left out. */
function kept(store: Store): Entry[] {
  try {
    const list: unknown = JSON.parse(store.getItem(KEY) ?? "[]");
    return Array.isArray(list) ? list.filter(isEntry).slice(0, LONGEST) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  const entry = value as Record<keyof Entry, unknown>;
  return (
    typeof entry.when === "number" &&
    typeof entry.uri === "string" &&
    typeof entry.name === "string" &&
    typeof entry.outgoing === "boolean" &&
    typeof entry.seconds === "number" &&
    ENDINGS.some((ending) => ending === entry.ending)
  );
}

/** `0:07`, `12:34`, `1:02:03`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number: number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
