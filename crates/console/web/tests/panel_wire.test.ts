import assert from "node:assert/strict";
import { test } from "node:test";

import { agent, all, extension, past, place, read, rights, segment, session, user, waiting, wish } from "../panel/wire.js";
import { event, leg, SERVER } from "./panel_events.js";

test("a call as the specification has it", () => {
  const text = `{"callSegmentId":"6a0f3f0e-2a4e-4a55-9f35-50a3a6e5b101","callerIdName":"Ana Ruiz","callerIdNumber":"201",
    "coreServerId":"${SERVER}","did":null,"extensionId":"b1d7c1de-8e0c-4e0a-9b54-2f0f6f1f7702",
    "extensionNumber":"201","time":1700000012345,"type":"hangup","userId":"0b6b5d0f-5a57-4a39-8c8b-6f1f3b0f7c11","username":"ana"}`;
  const end = {
    segment: "6a0f3f0e-2a4e-4a55-9f35-50a3a6e5b101", name: "Ana Ruiz", number: "201",
    extension: "b1d7c1de-8e0c-4e0a-9b54-2f0f6f1f7702",
  };
  assert.deepEqual(read(text), { kind: "event", happening: { kind: "hangup", time: 1700000012345, end } });
  for (const kind of ["dial", "dialEnd", "link", "linkEnd"]) {
    const pair = read(event(kind, 5, leg("a", "Ana", "201", "e1", "1"), leg("b", "", "+34910", null, "2")));
    assert.deepEqual(pair, {
      kind: "event",
      happening: {
        kind, time: 5,
        first: { segment: "a", name: "Ana", number: "201", extension: "e1" },
        second: { segment: "b", name: "", number: "+34910", extension: undefined },
      },
    });
  }
});

test("queues, parking lots and conferences", () => {
  const of = (text: string) => {
    const message = read(text);
    return message?.kind === "event" ? message.happening : undefined;
  };
  const end = { segment: "a", name: "Ana", number: "201", extension: "e1" };
  const ana = leg("a", "Ana", "201", "e1");
  assert.deepEqual(of(event("queueCallJoin", 1, ana, { queueId: "q", queue: "Support", position: 2 })), { kind: "queueCallJoin", time: 1, end, queue: "q", position: 2 });
  assert.deepEqual(of(event("queueCallLeave", 2, ana, { queueId: "q", queue: "Support", position: 2, reason: "ANSWERED" }))?.kind, "queueCallLeave");
  assert.deepEqual(of(event("park", 3, ana, { parkingLotId: "l", parkingLot: "Main", slot: "701" })), { kind: "park", time: 3, end, lot: "l", slot: "701" });
  assert.deepEqual(of(event("parkEnd", 4, ana, { parkingLotId: "l", parkingLot: "Main", slot: "701", reason: "RETRIEVED" })), { kind: "parkEnd", time: 4, end, lot: "l" });
  assert.deepEqual(of(event("confRoomCallMute", 5, ana, { conferenceRoomId: "r", conferenceRoomName: "Main" })), { kind: "confRoomCallMute", time: 5, end, room: "r" });
  const told = { agentId: "g", agent: "Ana", state: "NOT_INUSE", queueId: "q", queue: "Support", extensionId: "e1", extensionNumber: "201", userId: "u", username: "ana" };
  assert.deepEqual(of(event("agentPause", 6, told, { paused: true, pauseReason: "lunch" })), {
    kind: "agentPause", time: 6, queue: "q",
    agent: { id: "g", name: "Ana", device: "NOT_INUSE", extension: "e1", paused: true, reason: "lunch", penalty: undefined },
  });
  assert.deepEqual(of(event("extensionState", 7, { extensionId: "e1", extensionNumber: "201", state: "UNAVAILABLE" })), { kind: "extensionState", time: 7, extension: "e1", device: "UNAVAILABLE" });
  assert.deepEqual(of(event("extensionDnd", 8, { extensionId: "e1", extensionNumber: "201", enabled: true })), { kind: "extensionDnd", time: 8, extension: "e1", on: true });
  const status = { userId: "u", username: "ana", name: "Lunch", statusType: "away", note: "back at two", returnTime: 1700003600000, userCreated: true };
  assert.deepEqual(of(event("userStatus", 9, status)), {
    kind: "userStatus", time: 9, user: "u", status: { name: "Lunch", type: "away", note: "back at two", returns: 1700003600000 },
  });
});

test("what is unknown or broken is passed over", () => {
  for (const text of [
    "", "{", "[]", "null", "7", '"hangup"', "{}", '{"type":"hangup"}', '{"type":"hangup","time":1}',
    '{"type":"hangup","time":"1","callSegmentId":"a"}', '{"type":"hangup","time":1,"callSegmentId":7}',
    '{"type":"link","time":1,"callSegmentId1":"a"}', '{"type":"userLogin","time":1,"userId":"u"}', '{"type":"new","time":1}',
    '{"type":"park","time":1,"callSegmentId":"a"}', '{"type":"extensionDnd","time":1,"extensionId":"e","enabled":"yes"}',
    '{"type":"queueCallJoin","time":1,"callSegmentId":"a","queueId":"q","position":null}',
    '{"type":"userStatus","time":1,"userId":"u","statusType":null}',
  ]) {
    assert.equal(read(text), undefined, text);
  }
  const odd = read('{"type":"extensionState","time":1,"extensionId":"e","state":"DANCING"}');
  assert.ok(odd?.kind === "event" && odd.happening.kind === "extensionState" && odd.happening.device === "UNKNOWN");
});

test("replies", () => {
  assert.deepEqual(JSON.parse(wish(7)), { type: "filter", correlationId: 7, filters: [] });
  assert.deepEqual(read('{"correlationId":7,"time":1,"type":"success"}'), { kind: "reply", reply: { correlation: 7, error: undefined } });
  assert.deepEqual(read('{"correlationId":null,"error":"Invalid JSON","time":1,"type":"error"}'), { kind: "reply", reply: { correlation: undefined, error: "Invalid JSON" } });
});

test("resources of the Live API", () => {
  assert.deepEqual(extension({ id: "e1", extensionNumber: "201", displayName: "Ana", userId: "u", state: "INUSE", dnd: true }), {
    id: "e1", number: "201", name: "Ana", user: "u", device: "INUSE", dnd: true,
  });
  assert.deepEqual(extension({ id: "e1", extensionNumber: "201", displayName: "Ana", userId: null }), {
    id: "e1", number: "201", name: "Ana", user: undefined, device: "UNKNOWN", dnd: false,
  });
  assert.deepEqual(user({ id: "u", userName: "ana", displayedName: "Ana Ruiz", status: null }), { id: "u", username: "ana", name: "Ana Ruiz", status: undefined });
  const json = {
    id: "s", type: "EXTERNAL", callerId: { id: "c", name: "ACME", number: "+34910000000" }, did: "910111222", onHold: false, recording: true,
    incoming: true, extensionId: null, linkedTo: [{ id: "t", since: 5 }, { id: "v" }, 7], dialing: ["w", 8],
  };
  const read = {
    id: "s", name: "ACME", number: "+34910000000", extension: undefined, held: false, recorded: true, muted: false, incoming: true,
    links: [{ to: "t", since: 5 }, { to: "v", since: undefined }], dials: ["w"],
  };
  assert.deepEqual(segment(json), read);
  assert.deepEqual(waiting({ ...json, position: 3, since: 9 }), { segment: read, position: 3, since: 9 });
  assert.deepEqual(place({ id: "l", name: "Main", identifier: "default" }), { id: "l", name: "Main", number: "default" });
  assert.deepEqual(place({ id: "q", displayName: "", identifier: "5001" }), { id: "q", name: "5001", number: "5001" });
  assert.deepEqual(agent({ id: "g", paused: false, state: "NOT_INUSE", name: "Ana", dynamic: true, penalty: 2, extensionId: "e1" }), {
    id: "g", name: "Ana", device: "NOT_INUSE", paused: false, reason: undefined, penalty: 2, extension: "e1",
  });
  assert.deepEqual(all([{ id: "q", identifier: "1" }, null, {}, 7], place), [{ id: "q", name: "1", number: "1" }]);
  assert.deepEqual(all("no list", place), []);
});

test("who has signed in, and ended calls", () => {
  const said = { username: "ana", userId: "u", userLoginId: "l", displayName: "", coreServer: { id: "c", slug: "default", name: "Default" }, extensionIds: ["e1", 7] };
  assert.deepEqual(session(said), { username: "ana", userId: "u", coreServer: "c", displayName: "ana", extensionIds: ["e1"], keepsCalls: false, rights: [], crm: undefined, statuses: [] });
  const crm = { url: "/x?{did}", event: "link", title: "Orders" };
  assert.deepEqual(session({ ...said, crm, rights: ["see", 7] })?.crm, crm);
  assert.deepEqual(session({ ...said, crm, rights: ["see", 7] })?.rights, ["see"]);
  assert.equal(session({ ...said, crm: { url: "/x" } })?.crm, undefined);
  assert.deepEqual(rights({ id: "e1", rights: ["call", null] }), { id: "e1", words: new Set(["call"]) });
  assert.equal(rights({ rights: ["call"] }), undefined);
  assert.equal(session({ ...said, callHistory: true })?.keepsCalls, true);
  const statuses = [{ name: "Lunch", statusType: "away" }, { name: 7 }, null];
  assert.deepEqual(session({ ...said, statuses })?.statuses, [{ name: "Lunch", type: "away" }]);
  assert.equal(session({ ...said, coreServer: null }), undefined);
  const call = {
    id: "1", start: 1000, answer: null, end: 2000, durationSeconds: 1, billedSeconds: 0, direction: "inbound", callerIdName: "Ana", callerIdNumber: "201",
    destination: "202", extensionNumber: "201", hangupCause: "USER_BUSY", queue: null, recording: null,
  };
  assert.deepEqual(past({ calls: [call, { id: 7 }], next: "cursor" }), {
    calls: [{ id: "1", start: 1000, answer: undefined, billedSeconds: 0, name: "Ana", number: "201", destination: "202", cause: "USER_BUSY", queue: "" }],
    next: "cursor",
  });
  assert.deepEqual(past({ calls: [], next: null }), { calls: [], next: undefined });
  assert.equal(past({}), undefined);
});
