import assert from "node:assert/strict";
import { test } from "node:test";

import { NO_HELPERS, read, written } from "../phone/wire.js";

const message = (fields: object) => read(JSON.stringify(fields));

test("what is no message of ours is passed over", () => {
  for (const text of ["", "{", "[]", "null", "5", '"x"', "{}", '{"sylkrtc":5}', '{"sylkrtc":"news"}']) {
    assert.equal(read(text), undefined, text);
  }
});

test("answers carry their transaction", () => {
  assert.deepEqual(message({ sylkrtc: "ready-event" }), { kind: "ready" });
  assert.deepEqual(message({ sylkrtc: "ack", transaction: "t", resume_token: "r", resumed: true }), {
    kind: "ack",
    transaction: "t",
    ack: { resumeToken: "r", resumed: true },
  });
  assert.deepEqual(message({ sylkrtc: "ack", transaction: "t", resumed: "yes" }), {
    kind: "ack",
    transaction: "t",
    ack: { resumeToken: undefined, resumed: false },
  });
  assert.deepEqual(message({ sylkrtc: "error", transaction: "t", error: "no" }), {
    kind: "error",
    transaction: "t",
    error: "no",
  });
  assert.equal(message({ sylkrtc: "ack" }), undefined);
});

test("null counts as missing", () => {
  const event = { sylkrtc: "session-event", session: "S", event: "state" };
  assert.deepEqual(message({ ...event, state: "accepted", sdp: null, reason: null }), {
    kind: "state",
    session: "S",
    state: "accepted",
    sdp: undefined,
    reason: "",
  });
  const incoming = { sylkrtc: "account-event", account: "a@b", event: "incoming-session", session: "S", sdp: "v=0" };
  assert.deepEqual(message({ ...incoming, originator: { uri: "c@d", display_name: null }, headers: null }), {
    kind: "incoming",
    account: "a@b",
    session: "S",
    from: { uri: "c@d", displayName: "" },
    sdp: "v=0",
  });
  assert.equal(message({ ...incoming, originator: null }), undefined);
});

test("states we do not know are not taken for ones we do", () => {
  assert.equal(message({ sylkrtc: "session-event", session: "S", event: "state", state: "dancing" }), undefined);
  const registration = { sylkrtc: "account-event", account: "a@b", event: "registration-state" };
  assert.equal(message({ ...registration, state: "perhaps" }), undefined);
  assert.deepEqual(message({ ...registration, state: "failed", reason: "904 x " }), {
    kind: "registration",
    account: "a@b",
    state: "failed",
    reason: "904 x ",
    helpers: NO_HELPERS,
  });
});

test("servers are taken that a browser takes", () => {
  const registered = { sylkrtc: "account-event", account: "a@b", event: "registration-state", state: "registered" };
  const stun = { urls: ["stun:192.0.2.1"] };
  const turn = { urls: ["turn:192.0.2.1"], username: "u", credential: "c" };
  const helpers = (fields: object) => {
    const read = message({ ...registered, ...fields });
    assert.equal(read?.kind, "registration");
    return read.helpers;
  };
  assert.deepEqual(helpers({ ice_servers: [stun, turn], ice_servers_ttl: 60 }), { servers: [stun, turn], seconds: 60 });
  assert.deepEqual(helpers({ ice_servers: [turn] }), { servers: [turn], seconds: undefined });
  assert.deepEqual(helpers({}), NO_HELPERS);
  for (const wrong of [null, 5, {}, { urls: "stun:x" }, { urls: [] }, { urls: [1] }, { ...turn, credential: null }]) {
    assert.deepEqual(helpers({ ice_servers: [wrong, stun], ice_servers_ttl: "60" }), { servers: [stun], seconds: undefined });
  }
});

test("updates bring a description or a reason", () => {
  const update = { sylkrtc: "session-event", session: "S", event: "update" };
  assert.deepEqual(message({ ...update, state: "received", sdp: "v=0" }), {
    kind: "update",
    session: "S",
    state: "received",
    sdp: "v=0",
  });
  assert.equal(message({ ...update, state: "accepted" }), undefined);
  assert.deepEqual(message({ ...update, state: "failed", reason: "488 x" }), {
    kind: "update",
    session: "S",
    state: "failed",
    reason: "488 x",
  });
});

test("a request is written with its transaction", () => {
  const text = written({ sylkrtc: "session-terminate", session: "S" }, "t1");
  assert.deepEqual(JSON.parse(text), { sylkrtc: "session-terminate", session: "S", transaction: "t1" });
});
