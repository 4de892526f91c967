/** Parking lots with the calls in them, and conferences with their members. */

import { part } from "../phone/announce.js";
import type { Lot, Office, Room, Segment } from "./office.js";
import { CallerRow, inLine, type Caller } from "./queue_list.js";
import { button, label, made, put, Rows } from "./rows.js";
import { called } from "./words.js";

export interface PlacesListener {
  take(segment: Segment): void;
  move(segment: Segment): void;
  mayMove(segment: Segment): boolean;
  mayTake(segment: Segment): boolean;
  may(right: "mute" | "hangup", segment: Segment): boolean;
  /** There is a phone to join with. */
  mayJoin(): boolean;
  mute(segment: Segment): void;
  hangUp(segment: Segment): void;
  join(room: Room): void;
}

interface ShownLot {
  lot: Lot;
  calls: Caller[];
}

interface ShownRoom {
  room: Room;
  members: Segment[];
}

export class PlaceList {
  readonly #lotsPanel = part("lots-panel", HTMLElement);
  readonly #roomsPanel = part("conferences-panel", HTMLElement);
  readonly #lots: Rows<ShownLot>;
  readonly #rooms: Rows<ShownRoom>;

  constructor(listener: PlacesListener) {
    this.#lots = new Rows(part("lots", HTMLElement), ({ lot }) => lot.id, (shown) => new LotCard(shown, listener));
    this.#rooms = new Rows(part("conferences", HTMLElement), ({ room }) => room.id, (shown) => new RoomCard(shown, listener));
  }

  show(office: Office): void {
    this.#lotsPanel.hidden = office.lots.size === 0;
    this.#roomsPanel.hidden = office.rooms.size === 0;
    this.#lots.show([...office.lots.values()].map((lot) => ({ lot, calls: inLine(office, lot.parked) })));
    this.#rooms.show(
      [...office.rooms.values()].map((room) => ({ room, members: [...room.members].flatMap((id) => office.segments.get(id) ?? []) })),
    );
  }
}

class LotCard {
  readonly element = made("li", "lot");
  readonly #title = made("h3");
  readonly #none = made("p", "hint", "No call is parked.");
  readonly #calls: Rows<Caller>;

  constructor({ lot }: ShownLot, listener: PlacesListener) {
    this.element.dataset["target"] = `lot ${lot.id}`;
    this.element.dataset["lot"] = lot.number;
    const list = made("ul", "plain");
    list.tabIndex = -1;
    label(list, `Parked in ${lot.name}`);
    this.#calls = new Rows(list, ({ segment }) => segment.id, (caller) => new CallerRow(caller, listener));
    this.element.append(this.#title, this.#none, list);
  }

  show({ lot, calls }: ShownLot): void {
    put(this.#title, lot.name);
    this.#none.hidden = calls.length > 0;
    this.#calls.show(calls);
  }
}

class RoomCard {
  readonly element = made("li", "conference");
  readonly #title = made("h3");
  readonly #none = made("p", "hint", "Nobody is here.");
  readonly #members: Rows<Segment>;
  readonly #join: HTMLButtonElement;
  readonly #mayJoin: () => boolean;
  #room: Room;

  constructor({ room }: ShownRoom, listener: PlacesListener) {
    this.#room = room;
    this.#mayJoin = () => listener.mayJoin();
    this.element.dataset["target"] = `room ${room.id}`;
    this.element.dataset["conference"] = room.number;
    const list = made("ul", "plain");
    list.tabIndex = -1;
    label(list, `Members of ${room.name}`);
    this.#members = new Rows(list, ({ id }) => id, (member) => new MemberRow(member, listener));
    this.#join = button("Join", "small go", () => listener.join(this.#room));
    this.element.append(this.#title, this.#none, list, this.#join);
  }

  show({ room, members }: ShownRoom): void {
    this.#room = room;
    put(this.#title, room.name === room.number || room.number === "" ? room.name : `${room.name}, ${room.number}`);
    label(this.#join, `Join ${room.name}`);
    this.#join.hidden = !this.#mayJoin();
    this.#none.hidden = members.length > 0;
    this.#members.show(members);
  }
}

class MemberRow {
  readonly element = made("li", "member");
  readonly #words = made("p");
  readonly #mute: HTMLButtonElement;
  readonly #end: HTMLButtonElement;
  readonly #may: PlacesListener["may"];
  #member: Segment;

  constructor(member: Segment, listener: PlacesListener) {
    this.#member = member;
    this.#may = (right, segment) => listener.may(right, segment);
    this.#mute = button("Mute", "small", () => listener.mute(this.#member));
    this.#end = button("Hang up", "small", () => listener.hangUp(this.#member));
    this.element.append(this.#words, made("div", "few", this.#mute, this.#end));
  }

  show(member: Segment): void {
    this.#member = member;
    const whom = called(member);
    put(this.#words, member.muted ? `${whom}, muted` : whom);
    this.#mute.hidden = !this.#may("mute", member);
    this.#end.hidden = !this.#may("hangup", member);
    this.#mute.setAttribute("aria-pressed", String(member.muted));
    label(this.#mute, `Mute ${whom}`);
    label(this.#end, `Hang up ${whom}`);
  }
}
