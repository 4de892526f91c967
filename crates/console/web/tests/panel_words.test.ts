import assert from "node:assert/strict";
import { test } from "node:test";

import { Office } from "../panel/office.js";
import { outcome } from "../panel/past_calls.js";
import { fits, people } from "../panel/people_list.js";
import { inLine } from "../panel/queue_list.js";
import { everything } from "../panel/reading.js";
import { body, found, isNumber, read, wordsFor, written, type Target } from "../panel/targets.js";
import { called, duration, ofAgent, ofRefusal, ofStatus } from "../panel/words.js";

function office() {
  const made = new Office();
  const phone = (id: string, number: string, name: string, user?: string) => ({ id, number, name, user, device: "NOT_INUSE" as const, dnd: false });
  made.furnish({
    extensions: [phone("e3", "203", "Cy"), phone("e1", "201", "Phone of Ana", "u1"), phone("e2", "202", "Bo")],
    users: [{ id: "u1", username: "ana", name: "Ana Ruiz", status: { name: "Lunch", type: "away", note: "back at two", returns: -1 } }],
    segments: [],
    queues: [{ id: "q", name: "Support", number: "5001", agents: [], waiting: [] }],
    lots: [{ id: "l", name: "Main", number: "default", parked: [] }],
    rooms: [{ id: "r", name: "Board", number: "650", members: [] }],
    rights: new Map(),
  });
  return made;
}

test("names and numbers", () => {
  assert.equal(called({ name: "Ana", number: "201" }), "Ana, 201");
  assert.equal(called({ name: "201", number: "201" }), "201");
  assert.equal(called({ name: "", number: "201" }), "201");
  assert.equal(called({ name: " ", number: "" }), "unknown number");
});

test("durations", () => {
  for (const [seconds, words] of [[-3, "0:00"], [5.9, "0:05"], [60, "1:00"], [3599, "59:59"], [3600, "1:00:00"], [36_061, "10:01:01"]] as const) {
    assert.equal(duration(seconds), words);
  }
});

test("oneself first, then everybody by name", () => {
  const all = people(office(), ["e3"], 0);
  assert.deepEqual(all.map(({ name, isOwn }) => [name, isOwn]), [["Cy", true], ["Ana Ruiz", false], ["Bo", false]]);
  const ana = all[1]!;
  for (const typed of ["", "ana", "RUIZ 201", "lunch", "phone", "idle", " two  "]) {
    assert.equal(fits(ana, typed), true, typed);
  }
  for (const typed of ["bo", "ana 202"]) {
    assert.equal(fits(ana, typed), false, typed);
  }
});

test("what somebody says of himself", () => {
  const user = { id: "u", username: "ana", name: "Ana", status: { name: "Lunch", type: "away", note: "", returns: -1 } };
  assert.equal(ofStatus(undefined, 0), "");
  assert.equal(ofStatus(user, 0), "Lunch");
  user.status.note = "pizza";
  assert.equal(ofStatus(user, 0), "Lunch: pizza");
  user.status.returns = 5_000;
  assert.match(ofStatus(user, 1_000), /^Lunch: pizza, back \S/);
  assert.equal(ofStatus(user, 6_000), "Lunch: pizza", "the user should be back");
});

test("agents", () => {
  const agent = { id: "g", name: "Ana", device: "NOT_INUSE" as const, paused: false, reason: undefined, penalty: 0, extension: "e1" };
  assert.equal(ofAgent(agent), "idle");
  assert.equal(ofAgent({ ...agent, paused: true, reason: "lunch", penalty: 2 }), "paused: lunch, idle, penalty 2");
  assert.equal(ofAgent({ ...agent, paused: true, reason: "" }), "paused, idle");
});

test("places a call can go", () => {
  const all = office();
  assert.deepEqual(
    found(all, "").map(({ words }) => words),
    ["Ana Ruiz, 201", "Bo, 202", "Cy, 203", "Queue Support, 5001", "Parking lot Main", "Conference Board, 650"],
  );
  assert.deepEqual(found(all, " SUP ").map(({ target }) => target), [{ kind: "queue", id: "q" }]);
  assert.deepEqual(found(all, "202").map(({ words }) => words), ["Bo, 202", "The number 202"]);
  assert.deepEqual(found(all, "").length - found(all, "", ["e1"]).length, 1);
  assert.equal(wordsFor(all, { kind: "number", id: "0015" }), "0015");
  assert.equal(wordsFor(all, { kind: "lot", id: "l" }), "Parking lot Main");
  for (const [text, is] of [["202", true], ["+3491", true], ["*97", true], ["ana", false], ["", false], ["+", false]] as const) {
    assert.equal(isNumber(text), is, text);
  }
});

test("places on elements and in requests", () => {
  const targets: [Target, object][] = [
    [{ kind: "extension", id: "e" }, { extensionId: "e" }],
    [{ kind: "queue", id: "q" }, { queueId: "q" }],
    [{ kind: "lot", id: "l" }, { parkingLotId: "l" }],
    [{ kind: "room", id: "r" }, { conferenceRoomId: "r" }],
  ];
  for (const [target, expected] of targets) {
    assert.deepEqual(body(target), expected);
    assert.deepEqual(read(written(target)), target);
  }
  assert.deepEqual(body({ kind: "number", id: "202" }), { destination: "202" });
  for (const text of [undefined, "", "extension", "extension ", "planet x"]) {
    assert.equal(read(text), undefined);
  }
});

test("who waits, in order", () => {
  const all = office();
  const waiting = new Map<string, { position: number; slot: string; since: undefined }>();
  for (const [id, position, slot] of [["x", 2, ""], ["y", 1, ""], ["gone", 3, ""]] as const) {
    waiting.set(id, { position, slot, since: undefined });
    if (id !== "gone") {
      all.segments.set(id, { id, name: "", number: id, extension: undefined, held: false, recorded: false, muted: false, links: new Map(), dials: new Set() });
    }
  }
  assert.deepEqual(inLine(all, waiting).map(({ segment }) => segment.id), ["y", "x"]);
});

test("refusals", () => {
  assert.equal(ofRefusal(0, ""), "There is no connection to the server.");
  assert.equal(ofRefusal(404, "No call segment with the given id exists."), "That is gone by now.");
  assert.equal(ofRefusal(500, "the phone is busy"), "The server did not do that: the phone is busy.");
  assert.equal(ofRefusal(500, ""), "The server did not do that (500).");
});

test("how calls ended", () => {
  const call = { id: "1", start: 1, answer: undefined as number | undefined, billedSeconds: 0, name: "", number: "", destination: "", cause: "", queue: "" };
  assert.equal(outcome({ ...call, answer: 5, billedSeconds: 65 }), "1:05");
  assert.equal(outcome({ ...call, cause: "USER_BUSY" }), "busy");
  assert.equal(outcome({ ...call, cause: "NO_ROUTE_DESTINATION" }), "no route destination");
  assert.equal(outcome(call), "not answered");
});

test("everything is read, and what goes meanwhile is left out", async () => {
  const answers: Record<string, unknown> = {
    extensions: [{ id: "e", extensionNumber: "201", displayName: "Ana", rights: ["see"] }],
    users: [], callSegments: [], parkingLots: [{ id: "l", name: "Main", identifier: "default" }], conferences: [],
    queues: [{ id: "q", displayName: "Support", identifier: "5001" }],
    "queues/q/agents": [{ id: "g", name: "Ana", state: "NOT_INUSE", paused: true }],
    "queues/q/callSegments": [{ id: "s", callerId: { name: "", number: "9" }, position: 1, since: 5 }],
  };
  const gone = new Error("gone");
  Object.assign(gone, { status: 404 });
  const get = (path: string) => {
    const answer = answers[path.replace("coreServers/c%2F1/", "")];
    return answer === undefined ? Promise.reject(gone) : Promise.resolve(answer);
  };
  const said = await everything(get, "c/1");
  assert.deepEqual(said.extensions.map(({ number }) => number), ["201"]);
  assert.deepEqual([said.queues[0]?.agents[0]?.paused, said.queues[0]?.waiting[0]?.position], [true, 1]);
  assert.deepEqual(said.lots[0]?.parked, []);
  assert.deepEqual([...said.rights].map(([id, words]) => [id, ...words]), [["e", "see"], ["q"], ["l"]]);
  Object.assign(gone, { status: 500 });
  await assert.rejects(everything(get, "c/1"));
});
