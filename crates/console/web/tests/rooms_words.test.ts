import assert from "node:assert/strict";
import { test } from "node:test";

import { CONTROLS, find, inWords } from "../rooms/controls.js";
import type { Person } from "../rooms/house.js";
import { Latest } from "../rooms/latest.js";
import { layouts } from "../rooms/layouts.js";
import { described, numberOf, ofControl, ofFailure, ofPlace, whereabouts } from "../rooms/words.js";

const [table, open] = layouts({ room_list: { table: { seats: [{ x: 0, y: 0, z: 90 }] }, open: { openRoom: true, seats: [{ x: 0, y: 0, z: 0 }] } } });
const ana = (more: Partial<Person> = {}): Person => ({
  id: 3, name: "Ana", type: 1, speaks: false, states: new Map(), place: { seat: 1, at: { x: 0, y: 0, z: 90 }, heading: { azimuth: 180, elevation: 0 } }, ...more,
});

test("controls have the numbers of the protocol, each once", () => {
  const numbers = CONTROLS.map(({ number }) => number).sort((a, b) => a - b);
  assert.deepEqual(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 100, 101, 102]);
  assert.equal(find(2), find("IMM_CONTROL_MUTE_ENABLE"));
  assert.equal(find(15), undefined);
  for (const [number, value, words] of [[2, 1, "on"], [10, 2, "loudspeakers"], [12, 50, "50 %"], [13, 0, "none"], [101, -3, "-3 semitones"], [8, 300, "300 cm"]] as const) {
    assert.equal(inWords(find(number)!, value), words);
  }
});

test("refusals are said in words", () => {
  const words = (code: number, text: string) => ofFailure({ code, text });
  assert.equal(words(-9993, "IMM_ERROR_INVALID_ROOM_ID: room 7 does not exist"), "That room is closed.");
  assert.equal(words(-9993, "IMM_ERROR_INVALID_ROOM_ID: room 7 exists"), "There is a room of that name already.");
  assert.equal(words(-9992, "IMM_ERROR_INVALID_PARTICIPANT_ID: participant 3 does not exist in room 7"), "That person has left the room.");
  assert.equal(words(-9990, "IMM_ERROR_INVALID_VALUE: seat 9 does not exist in layout 1"), "The server did not accept that: seat 9 does not exist in layout 1.");
  assert.equal(words(-9000, "PBX_ERROR_RATE_LIMIT: too many commands"), "That was too much at once. Try again in a moment.");
  assert.equal(words(-8999, ""), "That did not work: error -8999.");
});

test("everything the plan shows of somebody is said", () => {
  assert.equal(described(table, ana(), false), "Ana, seat 1");
  const loud = ana({ speaks: true, states: new Map([["IMM_CONTROL_MUTE_ENABLE", 1]]) });
  assert.equal(described(table, loud, true), "Ana, you, seat 1, muted, speaking");
  const free = ana({ place: { seat: -1, at: { x: 10, y: 0, z: -20 }, heading: { azimuth: 45, elevation: 0 } } });
  assert.equal(described(open, free, false), "Ana, at 10, -20, facing 45°");
  assert.equal(whereabouts(table, ana({ place: undefined })), "coming in");
  const second = ana({ place: { seat: 2, at: { x: 0, y: 0, z: 100 }, heading: { azimuth: 180, elevation: 0 } } });
  assert.equal(whereabouts(table, second), "seat 1, with others");
  assert.equal(ofPlace(table, ana()), "Ana: seat 1.");
  assert.equal(ofPlace(open, free), "Ana: at 10, -20, facing 45°.");
  assert.equal(ofControl(ana(), find(2)!, 1), "Ana: Muted: on.");
});

test("the number of a room is in its name", () => {
  assert.deepEqual(["3000-127.0.0.1", "3000", "sales", "3000x"].map(numberOf), ["3000", "3000", "sales", "3000x"]);
});

test("of many wishes for one thing the last is sent, one at a time", async () => {
  const latest = new Latest();
  const sent: number[] = [];
  const answers: (() => void)[] = [];
  for (const wish of [1, 2, 3, 4]) {
    latest.wish("place", () => {
      sent.push(wish);
      return new Promise<void>((resolve) => answers.push(resolve));
    });
  }
  assert.deepEqual(sent, [1]);
  answers.shift()?.();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(sent, [1, 4]);
  answers.shift()?.();
  await new Promise((resolve) => setImmediate(resolve));
  latest.wish("place", () => {
    sent.push(5);
    return new Promise(() => {});
  });
  assert.deepEqual(sent, [1, 4, 5]);
  latest.wish("place", () => Promise.resolve(sent.push(6)));
  latest.wish("mute", () => Promise.resolve(sent.push(7)));
  assert.deepEqual(sent, [1, 4, 5, 7], "another thing does not wait, and takes nothing away");
});
