import assert from "node:assert/strict";
import { test } from "node:test";

import { code, ending, ofCall, ofRegistration } from "../phone/reason.js";

test("a reason leads with its number", () => {
  assert.equal(code("486 Busy Here"), 486);
  assert.equal(code("ICE failed"), undefined);
  assert.equal(code("1000 no"), undefined);
});

test("reasons are said in words, with the number for those who look it up", () => {
  assert.equal(ofCall("486 Busy Here"), "The other side is busy (486).");
  assert.equal(ofCall("404 Not Found"), "There is nobody at this number (404).");
  assert.equal(ofCall("502 Bad Gateway"), "The call failed: 502 Bad Gateway.");
  assert.equal(ofCall(""), "Call ended.");
  assert.match(ofCall("DTLS timeout"), /sound could not get through \(DTLS timeout\)/);
  assert.equal(ofCall("Error: DNS lookup error"), "The call failed: DNS lookup error.");
});

test("a wrong password is said to be one", () => {
  assert.equal(ofRegistration("904 Operation has no matching challenge "), "User or password is wrong.");
  assert.match(ofRegistration("503 Service Unavailable"), /503 Service Unavailable/);
});

test("how a call ended, for the list", () => {
  assert.equal(ending("200 Session Terminated", true, true, false), "ended");
  assert.equal(ending("", true, true, true), "ended");
  assert.equal(ending("", true, false, true), "cancelled");
  assert.equal(ending("", false, false, true), "declined");
  assert.equal(ending("487 Request Terminated", false, false, false), "missed");
  assert.equal(ending("486 Busy Here", true, false, false), "declined");
  assert.equal(ending("404 Not Found", true, false, false), "failed");
});
