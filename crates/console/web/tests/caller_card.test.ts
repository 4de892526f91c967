import assert from "node:assert/strict";
import { test } from "node:test";

import { after, EMPTY, fromAddress, type Card } from "../caller/card.js";
import { event, leg } from "./panel_events.js";

const ME = { userId2: "u", username2: "bo" };

function told(card: Card, type: string, time: number, ...fields: object[]): Card {
  return after(card, JSON.parse(event(type, time, ...fields)) as Record<string, unknown>, "u");
}

const CALLS = [{ ...leg("s1", "Ana", "201", null, "1"), did1: "911" }, leg("s2", "Bo", "202", "e", "2"), ME];

test("a call rings, is answered, held and ended", () => {
  let card = told(EMPTY, "dial", 1, ...CALLS);
  assert.deepEqual(card, { stage: "rings", segment: "s2", name: "Ana", number: "201", did: "911", since: 1 });
  card = told(card, "link", 3, ...CALLS);
  assert.deepEqual([card.stage, card.since], ["talking", 3]);
  card = told(card, "hold", 4, leg("s2", "Bo", "202", "e"), { userId: "u" });
  assert.deepEqual([card.stage, card.since], ["held", 3]);
  // Another call does not take the place of one that goes on.
  assert.equal(told(card, "dial", 5, leg("s3", "Cy", "9", null, "1"), leg("s4", "Bo", "202", "e", "2"), ME), card);
  card = told(card, "linkEnd", 9, ...CALLS);
  assert.deepEqual([card.stage, card.since, card.name], ["ended", 9, "Ana"]);
  assert.equal(told(card, "hangup", 9, leg("s2", "Bo", "202", "e"), { userId: "u" }), card);
});

test("one's own call rings somebody, who does not answer", () => {
  const pair = [leg("s1", "Bo", "202", "e", "1"), { userId1: "u" }, leg("s2", "", "9196", null, "2")];
  const card = told(EMPTY, "dial", 1, ...pair);
  assert.deepEqual([card.stage, card.number, card.segment], ["calling", "9196", "s1"]);
  assert.equal(told(card, "dialEnd", 2, ...pair).stage, "ended");
});

test("calls of others change nothing", () => {
  const card = fromAddress(new URLSearchParams("number=201&name=Ana&call=s2&since=7"));
  assert.deepEqual(card, { stage: "talking", segment: "s2", name: "Ana", number: "201", did: "", since: 7 });
  assert.equal(told(card, "link", 8, leg("x", "X", "1", "e", "1"), leg("y", "Y", "2", "f", "2")), card);
  assert.equal(fromAddress(new URLSearchParams("number=&since=x")).stage, "none");
});
