import assert from "node:assert/strict";
import { test } from "node:test";

import { read, rooms, written, type Happening } from "../rooms/wire.js";

const happening = (message: object): Happening | undefined => {
  const found = read(JSON.stringify(message));
  return found?.kind === "event" ? found.happening : undefined;
};

test("a command carries the number its reply is found by", () => {
  const text = written({ Command: "set_participant_seat", room_id: 12, participant_id: 3, seat_id: 2 }, 7);
  assert.deepEqual(JSON.parse(text), { Command: "set_participant_seat", room_id: 12, participant_id: 3, seat_id: 2, seq: 7 });
});

test("replies are done or say why not", () => {
  const done = read('{"Status":"OK","Error Code":-10000,"Request":{"Command":"get_room_layout","seq":4},"layout_id":2}');
  assert.ok(done?.kind === "reply");
  assert.equal(done.seq, 4);
  assert.equal(done.failure, undefined);
  assert.equal(done.results["layout_id"], 2);
  const refused = read('{"Status":"ERROR","Error Code":-9993,"Error Description":"IMM_ERROR_INVALID_ROOM_ID: room 7 does not exist","Request":{"seq":5}}');
  assert.ok(refused?.kind === "reply");
  assert.deepEqual(refused.failure, { code: -9993, text: "IMM_ERROR_INVALID_ROOM_ID: room 7 does not exist" });
  assert.equal(read('{"Status":"OK","Request":{"Command":"get_version"}}'), undefined, "nobody waits for it");
});

test("what happens is read from its flat members", () => {
  assert.deepEqual(happening({ Event: "IMM_EVENT_CREATE_ROOM", room_id: 12 }), { kind: "opened", room: 12 });
  assert.deepEqual(happening({ Event: "IMM_EVENT_DESTROY_ROOM", room_id: 12 }), { kind: "closed", room: 12 });
  assert.deepEqual(happening({ Event: "IMM_EVENT_SET_ROOM_LAYOUT", room_id: 12, layout_id: 2 }), { kind: "layout", room: 12, layout: 2 });
  assert.deepEqual(happening({ Event: "IMM_EVENT_ADD_PARTICIPANT", room_id: 12, participant_id: 3, participant_name: "Ana", type: 1 }), {
    kind: "came", room: 12, person: 3, name: "Ana", type: 1,
  });
  assert.deepEqual(happening({ Event: "IMM_EVENT_REMOVE_PARTICIPANT", room_id: 12, participant_id: 3 }), { kind: "left", room: 12, person: 3 });
  const seat = { id: 2, position: { x: 90, y: 0, z: 0 }, heading: { azimuth_heading: -90, elevation_heading: 0 } };
  assert.deepEqual(happening({ Event: "IMM_EVENT_SET_PARTICIPANT_SEAT", room_id: 12, participant_id: 3, seat, seat_id: 2 }), {
    kind: "placed", room: 12, person: 3, place: { seat: 2, at: { x: 90, y: 0, z: 0 }, heading: { azimuth: -90, elevation: 0 } },
  });
  const { position, heading } = seat;
  assert.deepEqual(happening({ Event: "IMM_EVENT_SET_PARTICIPANT_POSITION", room_id: 12, participant_id: 3, position, heading }), {
    kind: "placed", room: 12, person: 3, place: { seat: -1, at: { x: 90, y: 0, z: 0 }, heading: { azimuth: -90, elevation: 0 } },
  });
  assert.deepEqual(happening({ Event: "IMM_EVENT_SET_PARTICIPANT_STATE", room_id: 12, participant_id: 3, control_to_edit: 2, value: 1 }), {
    kind: "state", room: 12, person: 3, control: 2, value: 1,
  });
  assert.deepEqual(happening({ Event: "IMM_EVENT_SET_ALL_PARTICIPANTS_STATE", room_id: 12, control_to_edit: 6, value: 1 }), {
    kind: "all-states", room: 12, control: 6, value: 1,
  });
  assert.deepEqual(happening({ Event: "IMM_EVENT_SET_NAME", room_id: 12, participant_id: 3, name: "Ann" }), { kind: "renamed", room: 12, person: 3, name: "Ann" });
});

test("talking is told with a text for an id", () => {
  assert.deepEqual(happening({ Event: "custom_event", room_id: 12, participant_id: "3", action: "start-talking" }), {
    kind: "speaking", room: 12, person: 3, speaks: true,
  });
  assert.deepEqual(happening({ Event: "custom_event", room_id: 12, participant_id: "3", action: "stop-talking" }), {
    kind: "speaking", room: 12, person: 3, speaks: false,
  });
  for (const other of [{ topic: "hand", participant_id: 3 }, { action: "start-talking", participant_id: "x3" }, { action: "start-talking" }]) {
    assert.equal(happening({ Event: "custom_event", room_id: 12, ...other }), undefined, JSON.stringify(other));
  }
});

test("noise is passed over", () => {
  for (const noise of ["", "no JSON", "[]", "5", "null", "{}", '{"Event":"IMM_EVENT_CREATE_ROOM"}', '{"Event":"IMM_EVENT_CREATE_ROOM","room_id":"12"}',
    '{"Event":"IMM_EVENT_SET_PARTICIPANT_SEAT","room_id":1,"participant_id":2,"seat":{"id":1}}', '{"Event":"other","room_id":1,"participant_id":2}']) {
    assert.equal(read(noise), undefined, noise);
  }
});

test("rooms come with their people; what cannot be read is left out", () => {
  const seat = { id: 1, position: { x: 0, y: 0, z: 90 }, heading: { azimuth_heading: 180, elevation_heading: 0 } };
  const found = rooms({
    rooms: [
      { room_id: 12, name: "sales", layout_id: 1, participants: [{ participant_id: 3, participant_name: "Ana", type: 1, seat, states: { A: 1, B: "x" } }, { participant_id: 4 }, null] },
      { room_id: "13" },
    ],
  });
  assert.equal(found.length, 1);
  assert.equal(found[0]?.people.length, 1);
  assert.deepEqual([...(found[0]?.people[0]?.states ?? [])], [["A", 1]]);
  assert.deepEqual(rooms({}), []);
});
