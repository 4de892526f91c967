import assert from "node:assert/strict";
import { test } from "node:test";

import { filled, properties } from "../panel/crm.js";
import { event, leg } from "./panel_events.js";

function parsed(text: string): Record<string, unknown> {
  return JSON.parse(text) as Record<string, unknown>;
}

const PAIR = parsed(
  event("link", 5, leg("s1", "Ana", "201", "e1", "1"), { userId1: "u1", username1: "ana" }, leg("s2", "ACME & Söhne", "+34 9", null, "2"), { did2: "911" }),
);

test("what is put into an address is nothing but text there", () => {
  const values = new Map([["a", "x&y=1#/?{b}"], ["b", "é \u2028\"<"]]);
  assert.equal(filled("https://h/{a}?q={b}&z={none}", values), "https://h/x%26y%3D1%23%2F%3F%7Bb%7D?q=%C3%A9%20%E2%80%A8%22%3C&z=");
  assert.equal(filled("/plain", values), "/plain");
});

test("of a pair one's own side and the other have names of their own", () => {
  const own = properties(PAIR, "u1");
  assert.equal(own?.get("callerIdNumber1"), "201");
  assert.equal(own?.get("callerIdNumber"), "201");
  assert.equal(own?.get("username"), "ana");
  assert.equal(own?.get("callSegmentId"), "s1");
  assert.equal(own?.get("otherCallerIdName"), "ACME & Söhne");
  assert.equal(own?.get("otherCallerIdNumber"), "+34 9");
  assert.equal(own?.get("otherDid"), "911");
  assert.equal(own?.get("time"), "5");
  // Null is nothing.
  assert.equal(own?.get("did"), undefined);
  assert.equal(own?.get("otherUsername"), undefined);
});

test("an event of somebody else gives nothing", () => {
  assert.equal(properties(PAIR, "u2"), undefined);
  assert.equal(properties({ type: "park", userId: null }, "u1"), undefined);
  const alone = properties({ type: "userStatus", userId: "u1", returnTime: -1, userCreated: true, note: "" }, "u1");
  assert.deepEqual([alone?.get("returnTime"), alone?.get("userCreated"), alone?.get("note")], ["-1", "true", ""]);
});
