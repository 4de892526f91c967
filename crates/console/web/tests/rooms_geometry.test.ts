import assert from "node:assert/strict";
import { test } from "node:test";

import { azimuthTo, boxOf, clipped, heardFrom, moved, seatAt, seatTowards, turned } from "../rooms/geometry.js";
import { layouts, seatOf, type Layout } from "../rooms/layouts.js";

const table = (more: object = {}): Layout =>
  layouts({ room_list: { table4: { seats: [{ x: 0, y: 0, z: 90 }, { x: 90, y: 0, z: 0 }, { x: 0, y: 0, z: -90 }, { x: -90, y: 0, z: 0 }], ...more } } })[0]!;

test("layouts are read as their file has them, with what is missing as usual", () => {
  const [first, second] = layouts({
    default: "a",
    room_list: { a: { id: 7, desc: "A", openRoom: true, allowParticipantStacking: true, stackDelta: 5, centerPoint: { x: 1, y: 2, z: 3 }, seats: [{ x: 0, y: 0, z: 0 }] }, b: {} },
  });
  assert.deepEqual(first, { id: 7, name: "a", description: "A", stacking: true, stackDelta: 5, open: true, centre: { x: 1, y: 2, z: 3 }, seats: [{ x: 0, y: 0, z: 0 }] });
  assert.deepEqual(second, { id: 2, name: "b", description: "", stacking: false, stackDelta: 10, open: false, centre: { x: 0, y: 0, z: 0 }, seats: [] });
  assert.deepEqual(layouts({}), []);
});

test("who comes second to a seat has another number and the same seat", () => {
  const layout = table();
  assert.equal(seatOf(layout, 2, { x: 90, y: 0, z: 0 }), 2);
  assert.equal(seatOf(layout, 5, { x: 90, y: 0, z: 10 }), 2);
  assert.equal(seatOf(layout, 6, { x: 90, y: 0, z: 20 }), 2);
  // Seats 3 and 1 stand on one line; the nearer one in front is meant.
  assert.equal(seatOf(layout, 5, { x: 0, y: 0, z: 100 }), 1);
  assert.equal(seatOf(layout, 5, { x: 0, y: 0, z: 10 }), 3);
  assert.equal(seatOf(layout, 5, { x: 90, y: 0, z: -10 }), 0);
  assert.equal(seatOf(layout, 5, { x: 90, y: 0, z: 5 }), 0);
  assert.equal(seatOf(layout, -1, { x: 90, y: 0, z: 0 }), 0);
  assert.equal(seatOf(table({ allowParticipantStacking: true }), 5, { x: 90, y: 0, z: 0 }), 2);
});

test("a plan shows everything with a margin, and at least three metres", () => {
  assert.deepEqual(boxOf(table(), []), { left: -160, top: 160, width: 320, height: 320 });
  assert.deepEqual(boxOf(table(), [{ x: 500, y: 0, z: 0 }]), { left: -160, top: 160, width: 730, height: 320 });
  assert.ok(boxOf(table(), [{ x: 2e9, y: 0, z: 0 }]).width < 110_000);
  assert.deepEqual(boxOf(table({ seats: [] }), []), { left: -160, top: 160, width: 320, height: 320 });
});

test("the nearest seat within reach", () => {
  assert.equal(seatAt(table(), 80, 5, 30), 2);
  assert.equal(seatAt(table(), 5, 5, 30), 0);
  assert.equal(seatAt(table(), 0, -60, 30), 3);
});

test("arrow keys lead round the table", () => {
  const layout = table();
  const from = (seat: number) => layout.seats[seat - 1]!;
  assert.equal(seatTowards(layout, from(1), "right"), 2);
  assert.equal(seatTowards(layout, from(2), "down"), 3);
  assert.equal(seatTowards(layout, from(3), "left"), 4);
  assert.equal(seatTowards(layout, from(4), "up"), 1);
  assert.equal(seatTowards(layout, from(1), "down"), 3);
  assert.equal(seatTowards(layout, from(1), "up"), 0);
});

test("steps are whole centimetres within a kilometre", () => {
  assert.deepEqual(moved({ x: 0, y: 7, z: 0 }, "left", 25), { x: -25, y: 7, z: 0 });
  assert.deepEqual(moved({ x: 0, y: 7, z: 99_990 }, "up", 25), { x: 0, y: 7, z: 100_000 });
  assert.equal(clipped(1.6), 2);
  assert.ok(Object.is(clipped(-0.2), 0));
});

test("azimuth grows to the right and stays within half a turn", () => {
  const from = { x: 0, z: 0 };
  assert.equal(azimuthTo(from, 0, 10), 0);
  assert.equal(azimuthTo(from, 10, 0), 90);
  assert.equal(azimuthTo(from, -10, 0), -90);
  assert.equal(azimuthTo(from, 0, -10), 180);
  assert.equal(azimuthTo(from, -0.01, -10), 180, "and not as much to the left");
  assert.equal(turned(170, 15), -175);
  assert.equal(turned(-170, -15), 175);
  assert.equal(turned(180, 0), 180);
  assert.equal(turned(0, -720), 0);
});

test("where somebody is heard from, with the head turned", () => {
  const at = { x: 0, y: 0, z: 90 };
  const ear = (azimuth: number) => ({ seat: 1, at, heading: { azimuth, elevation: 0 } });
  assert.equal(heardFrom(ear(180), { x: 90, y: 0, z: 90 }), "to the left, 0.9 m");
  assert.equal(heardFrom(ear(0), { x: 90, y: 0, z: 90 }), "to the right, 0.9 m");
  assert.equal(heardFrom(ear(180), { x: 0, y: 0, z: -90 }), "ahead, 1.8 m");
  assert.equal(heardFrom(ear(0), { x: 0, y: 0, z: -90 }), "behind, 1.8 m");
  assert.equal(heardFrom(ear(0), { x: 50, y: 0, z: 140 }), "ahead to the right, 0.7 m");
  assert.equal(heardFrom(ear(180), { x: 50, y: 0, z: 140 }), "behind to the left, 0.7 m");
  assert.equal(heardFrom(ear(0), { x: 0, y: 100, z: 90 }), "above, 1.0 m");
  assert.equal(heardFrom(ear(0), at), "at the same place");
});
