import assert from "node:assert/strict";
import { test } from "node:test";

import { House, initials } from "../rooms/house.js";
import { myself, roll } from "../rooms/myself.js";
import type { PersonSaid, Place } from "../rooms/wire.js";

const place = (seat: number): Place => ({ seat, at: { x: seat, y: 0, z: 0 }, heading: { azimuth: 0, elevation: 0 } });
const said = (id: number, name: string): PersonSaid => ({ id, name, type: 1, place: place(id), states: new Map([["IMM_CONTROL_MUTE_ENABLE", 0]]) });

function furnished() {
  const house = new House();
  house.furnish([{ id: 12, name: "12", layout: 1, people: [said(3, "Ana"), said(4, "Bo")] }]);
  const person = (id: number) => house.rooms.get(12)?.people.get(id);
  return { house, person };
}

test("what happens to somebody is kept", () => {
  const { house, person } = furnished();
  assert.equal(house.take({ kind: "placed", room: 12, person: 3, place: place(2) }), "changed");
  assert.equal(person(3)?.place?.seat, 2);
  assert.equal(house.take({ kind: "state", room: 12, person: 3, control: 2, value: 1 }), "changed");
  assert.equal(person(3)?.states.get("IMM_CONTROL_MUTE_ENABLE"), 1);
  assert.equal(house.take({ kind: "all-states", room: 12, control: 6, value: 1 }), "changed");
  assert.equal(person(4)?.states.get("IMM_CONTROL_MIXING_3D_ENABLE"), 1);
  assert.equal(house.take({ kind: "renamed", room: 12, person: 3, name: "Ann" }), "changed");
  assert.equal(person(3)?.name, "Ann");
  assert.equal(house.take({ kind: "left", room: 12, person: 3 }), "changed");
  assert.equal(person(3), undefined);
  assert.equal(house.take({ kind: "left", room: 12, person: 3 }), "nothing");
  assert.equal(house.take({ kind: "closed", room: 12 }), "changed");
  assert.equal(house.rooms.size, 0);
});

test("what is not told is asked for", () => {
  const { house, person } = furnished();
  assert.equal(house.take({ kind: "opened", room: 13 }), "ask");
  assert.equal(house.take({ kind: "layout", room: 12, layout: 2 }), "ask");
  assert.equal(house.rooms.get(12)?.layout, 2);
  assert.equal(house.take({ kind: "came", room: 12, person: 5, name: "Cy", type: 1 }), "ask");
  assert.equal(person(5)?.place, undefined);
  assert.equal(house.take({ kind: "placed", room: 12, person: 9, place: place(1) }), "ask");
  assert.equal(house.take({ kind: "speaking", room: 12, person: 9, speaks: true }), "nothing");
  assert.equal(house.take({ kind: "speaking", room: 77, person: 9, speaks: true }), "nothing");
});

test("who speaks goes on speaking when the room is told anew", () => {
  const { house, person } = furnished();
  house.take({ kind: "speaking", room: 12, person: 3, speaks: true });
  house.put({ id: 12, name: "12", layout: 1, people: [said(3, "Ana")] });
  assert.equal(person(3)?.speaks, true);
  assert.equal(person(4), undefined);
  house.furnish([{ id: 13, name: "13", layout: 1, people: [] }]);
  assert.deepEqual([...house.rooms.keys()], [13]);
});

test("rooms stand in the order people count", () => {
  const house = new House();
  house.furnish(["3010", "300", "3001", "sales"].map((name, id) => ({ id, name, layout: 1, people: [] })));
  assert.deepEqual(house.sorted().map(({ name }) => name), ["300", "3001", "3010", "sales"]);
});

test("tokens bear letters or the end of a number", () => {
  const letters = (name: string) => initials({ id: 7, name, type: 1, place: undefined, states: new Map(), speaks: false });
  assert.deepEqual(["Ana", "Ana María Gil", "1001", "sip:bob@x", "  ", ""].map(letters), ["AN", "AG", "01", "SX", "?", "N7"]);
});

test("we are who came under our name, else the only one who came", () => {
  const { house } = furnished();
  const before = roll(house);
  assert.equal(myself(house, before, 12, ["1001"]), undefined);
  house.put({ id: 12, name: "12", layout: 1, people: [said(3, "Ana"), said(4, "1001"), said(5, "Cy")] });
  assert.deepEqual(myself(house, before, 12, ["1001"]), { room: 12, person: 5 }, "the other 1001 was there before");
  house.put({ id: 12, name: "12", layout: 1, people: [said(3, "Ana"), said(5, "Cy"), said(6, "1001"), said(7, "1001")] });
  assert.deepEqual(myself(house, before, 12, ["1001"]), { room: 12, person: 7 });
  house.put({ id: 12, name: "12", layout: 1, people: [said(3, "Ana"), said(5, "Cy"), said(6, "Di")] });
  assert.equal(myself(house, before, 12, ["1001"]), undefined);
  house.put({ id: 13, name: "13", layout: 1, people: [said(1, "1001")] });
  assert.deepEqual(myself(house, before, 12, ["1001"]), { room: 13, person: 1 });
});
