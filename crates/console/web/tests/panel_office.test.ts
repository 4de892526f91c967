import assert from "node:assert/strict";
import { test } from "node:test";

import { changes, movable, ownCalls } from "../panel/calls.js";
import { Office, type Said } from "../panel/office.js";
import { read } from "../panel/wire.js";
import { standing } from "../panel/words.js";
import { event, leg } from "./panel_events.js";

function said(more: Partial<Said> = {}): Said {
  const phone = (id: string, number: string, name: string) => ({ id, number, name, user: `u-${id}`, device: "NOT_INUSE" as const, dnd: false });
  const person = (id: string, username: string, name: string) => ({ id, username, name, status: undefined });
  return {
    extensions: [phone("e1", "201", "Ana"), phone("e2", "202", "Bo"), phone("e3", "203", "Cy")],
    users: [person("u-e1", "ana", "Ana Ruiz"), person("u-e2", "bo", "Bo Lund")],
    segments: [],
    queues: [{ id: "q", name: "Support", number: "5001", agents: [], waiting: [] }],
    lots: [{ id: "l", name: "Main", number: "default", parked: [] }],
    rooms: [{ id: "r", name: "Main", number: "650", members: [] }],
    rights: new Map(),
    ...more,
  };
}

function office(more: Partial<Said> = {}) {
  const made = new Office();
  made.furnish(said(more));
  const tell = (type: string, time: number, ...fields: object[]) => {
    const message = read(event(type, time, ...fields));
    assert.ok(message?.kind === "event", type);
    return made.take(message.happening);
  };
  const is = (extension: string) => standing(made, made.extensions.get(extension)!);
  return { made, tell, is };
}

const ANA = leg("a", "Ana", "201", "e1");
const BO = leg("b", "Bo", "202", "e2");
const pair = [leg("a", "Ana", "201", "e1", "1"), leg("b", "Bo", "202", "e2", "2")];

test("a call comes and goes", () => {
  const { made, tell, is } = office();
  assert.deepEqual(is("e1"), { kind: "idle", words: "idle", since: undefined });
  tell("dial", 1000, ...pair);
  assert.deepEqual([is("e1").words, is("e2").words], ["calling Bo, 202", "ringing: Ana, 201"]);
  tell("dialEnd", 2000, ...pair);
  tell("link", 2000, ...pair);
  assert.deepEqual(is("e1"), { kind: "busy", words: "talking with Bo, 202", since: 2000 });
  assert.deepEqual(is("e2"), { kind: "busy", words: "talking with Ana, 201", since: 2000 });
  tell("hold", 3000, ANA);
  assert.deepEqual([is("e1").kind, is("e2").words], ["held", "on hold with Ana, 201"]);
  tell("holdEnd", 4000, ANA);
  tell("recordStart", 4000, ANA);
  assert.equal(made.segments.get("a")?.recorded, true);
  tell("linkEnd", 5000, ...pair);
  tell("hangup", 5000, ANA);
  tell("hangup", 5000, BO);
  assert.deepEqual([is("e1").words, is("e2").words, made.segments.size], ["idle", "idle", 0]);
});

test("one's own calls, and what is said of them", () => {
  const { made, tell } = office();
  const look = () => ownCalls(made, ["e2"]);
  const before = look();
  tell("dial", 1, ...pair);
  const rings = look();
  assert.deepEqual(changes(before, rings), ["Ana, 201 calls."]);
  assert.equal(movable(rings[0]!)?.id, "a", "a call that rings can be sent elsewhere");
  tell("dialEnd", 2, ...pair);
  tell("link", 2, ...pair);
  const talks = look();
  assert.deepEqual(changes(rings, talks), ["You talk with Ana, 201."]);
  assert.deepEqual([talks[0]?.stage, talks[0]?.since], ["talking", 2]);
  tell("hold", 3, BO);
  const held = look();
  assert.deepEqual(changes(talks, held), ["The call with Ana, 201 is on hold."]);
  assert.equal(movable(held[0]!)?.id, "a");
  tell("linkEnd", 4, ...pair);
  tell("hangup", 4, BO);
  assert.deepEqual(changes(held, look()), ["The call with Ana, 201 has ended."]);
  assert.deepEqual(changes(look(), look()), []);
});

test("a caller who is transferred keeps the segment", () => {
  const { made, tell, is } = office();
  tell("link", 1, ...pair);
  tell("linkEnd", 2, ...pair);
  tell("hangup", 2, BO);
  const on = [leg("a", "Ana", "201", "e1", "1"), leg("c", "Cy", "203", "e3", "2")];
  tell("dial", 3, ...on);
  tell("dialEnd", 4, ...on);
  tell("link", 4, ...on);
  assert.deepEqual(is("e3"), { kind: "busy", words: "talking with Ana, 201", since: 4 });
  assert.deepEqual(ownCalls(made, ["e1"])[0]?.whom, "Cy, 203");
});

test("a call that was not answered is nobody's", () => {
  const { tell, is } = office();
  tell("dial", 1, ...pair);
  tell("dialEnd", 2, ...pair);
  tell("hangup", 2, BO);
  assert.deepEqual([is("e2").words, is("e1").words], ["idle", "in a call"]);
  tell("hangup", 2, ANA);
  assert.equal(is("e1").words, "idle");
});

test("callers stand in line and move up", () => {
  const { made, tell, is } = office();
  const caller = (id: string) => leg(id, "", id, null);
  const line = () => [...made.queues.get("q")!.waiting].sort((a, b) => a[1].position - b[1].position).map(([id, { position }]) => `${position}${id}`);
  const at = (position: number) => ({ queueId: "q", queue: "Support", position });
  tell("queueCallJoin", 1, caller("x"), at(1));
  tell("queueCallJoin", 2, caller("y"), at(2));
  tell("queueCallJoin", 3, caller("z"), at(1));
  assert.deepEqual(line(), ["1z", "2x", "3y"], "one who may go first");
  tell("queueCallLeave", 4, caller("z"), at(1), { reason: "ANSWERED" });
  assert.deepEqual(line(), ["1x", "2y"]);
  tell("hangup", 5, caller("x"));
  assert.deepEqual(line(), ["1y"]);
  tell("queueCallJoin", 6, ANA, at(2));
  assert.deepEqual(is("e1"), { kind: "busy", words: "waiting in queue Support", since: 6 });
});

test("agents come, pause and go", () => {
  const { made, tell } = office();
  const told = { agentId: "g", agent: "Ana", state: "NOT_INUSE", queueId: "q", queue: "Support", extensionId: "e1", extensionNumber: "201", userId: "u-e1", username: "ana" };
  const agent = () => made.queues.get("q")!.agents.get("g");
  assert.equal(tell("agentLogin", 1, told), "ask", "a login does not tell of pauses and penalties");
  assert.equal(tell("agentPause", 2, told, { paused: true, pauseReason: "lunch" }), "changed");
  assert.deepEqual([agent()?.paused, agent()?.reason], [true, "lunch"]);
  tell("agentPenalty", 3, told, { penalty: 4 });
  tell("agentState", 3, { ...told, state: "INUSE" });
  assert.deepEqual([agent()?.paused, agent()?.penalty, agent()?.device], [true, 4, "INUSE"], "what is not told has not changed");
  tell("agentUnpause", 4, told, { paused: false, pauseReason: null });
  assert.deepEqual([agent()?.paused, agent()?.reason], [false, undefined]);
  tell("agentLogout", 5, told);
  assert.equal(agent(), undefined);
});

test("parking and conferences", () => {
  const { made, tell, is } = office();
  tell("park", 1, ANA, { parkingLotId: "l", parkingLot: "Main", slot: "701" });
  assert.deepEqual([is("e1").words, made.lots.get("l")?.parked.get("a")?.slot], ["parked in Main", "701"]);
  tell("parkEnd", 2, ANA, { parkingLotId: "l", parkingLot: "Main", slot: "701", reason: "RETRIEVED" });
  assert.equal(made.lotOf("a"), undefined);
  const room = { conferenceRoomId: "r", conferenceRoomName: "Main" };
  tell("confRoomCallJoin", 3, BO, room);
  tell("confRoomCallMute", 4, BO, room);
  assert.deepEqual([is("e2").words, made.segments.get("b")?.muted], ["in conference Main", true]);
  tell("confRoomCallLeave", 5, BO, room);
  assert.equal(made.roomOf("b"), undefined);
});

test("who does not want to be disturbed, and phones that are away", () => {
  const { tell, is } = office();
  tell("extensionDnd", 1, { extensionId: "e1", extensionNumber: "201", enabled: true });
  assert.equal(is("e1").kind, "dnd");
  tell("extensionDnd", 2, { extensionId: "e1", extensionNumber: "201", enabled: false });
  tell("extensionState", 3, { extensionId: "e1", extensionNumber: "201", state: "UNAVAILABLE" });
  assert.deepEqual([is("e1").kind, is("e1").words], ["away", "not registered"]);
});

test("what was never heard of has to be asked for", () => {
  const { tell } = office();
  assert.equal(tell("confRoomCallJoin", 1, ANA, { conferenceRoomId: "new", conferenceRoomName: "New" }), "ask");
  assert.equal(tell("queueCallJoin", 1, ANA, { queueId: "new", queue: "New", position: 1 }), "ask");
  assert.equal(tell("extensionState", 1, { extensionId: "new", extensionNumber: "9", state: "INUSE" }), "ask");
});

test("events that are in what was read already change nothing", () => {
  const end = { held: false, recorded: false, muted: false, incoming: false, dials: [] };
  const segments = [
    { id: "a", name: "Ana", number: "201", extension: "e1", links: [{ to: "b", since: 2 }], ...end },
    { id: "b", name: "Bo", number: "202", extension: "e2", links: [{ to: "a", since: 2 }], ...end },
  ];
  const { made, tell, is } = office({ segments });
  const before = is("e1");
  for (const [type, time] of [["dial", 1], ["dialEnd", 2], ["link", 2]] as const) {
    tell(type, time, ...pair);
  }
  assert.deepEqual(is("e1"), before);
  const gone = [leg("x", "", "9", null, "1"), leg("c", "Cy", "203", "e3", "2")];
  tell("dial", 1, ...gone);
  tell("dialEnd", 2, ...gone);
  tell("hangup", 2, leg("x", "", "9", null));
  tell("hangup", 2, leg("c", "Cy", "203", "e3"));
  assert.deepEqual([...made.segments.keys()], ["a", "b"], "a call that was over before it was read");
});

test("reading anew keeps what only events told", () => {
  const end = { held: false, recorded: false, muted: false, incoming: false, dials: [] };
  const segments = [
    { id: "a", name: "Ana", number: "201", extension: "e1", links: [{ to: "b", since: undefined }], ...end },
    { id: "b", name: "Bo", number: "202", extension: "e2", links: [{ to: "a", since: undefined }], ...end },
  ];
  const { made, tell, is } = office();
  tell("link", 77, ...pair);
  made.furnish(said({ segments }));
  assert.equal(is("e1").since, 77);
  made.furnish(said());
  assert.equal(made.segments.size, 0);
});
