import assert from "node:assert/strict";
import { test } from "node:test";

import { account, halves, shown, toCall } from "../phone/address.js";

test("what people type becomes an address", () => {
  const typed: [string, string | undefined][] = [
    ["9196", "9196@example.org"],
    [" 1001 ", "1001@example.org"],
    ["+49 (30) 123-456/7", "+49301234567@example.org"],
    ["*97", "*97@example.org"],
    ["bob", "bob@example.org"],
    ["bob@other.example", "bob@other.example"],
    ["SIP:bob@other.example", "bob@other.example"],
    ["sips:bob@[::1]:5061", "bob@[::1]:5061"],
    ["", undefined],
    ["sip:", undefined],
    ["two words", undefined],
    ["bob@", undefined],
    ["bob@a b", undefined],
    ["<bob>", undefined],
  ];
  for (const [text, address] of typed) {
    assert.equal(toCall(text, "example.org"), address, text);
  }
});

test("an account needs both halves", () => {
  assert.equal(account("1001", " 127.0.0.1 "), "1001@127.0.0.1");
  assert.equal(account("1001@example.org", ""), "1001@example.org");
  assert.equal(account("1001", ""), undefined);
  assert.equal(account("", "example.org"), undefined);
});

test("halves are split at the last @", () => {
  assert.deepEqual(halves("a@b@c"), { user: "a@b", host: "c" });
  assert.deepEqual(halves("a"), { user: "a", host: "" });
});

test("somebody of the own domain is shown short", () => {
  assert.equal(shown("1001@example.org", "", "example.org"), "1001");
  assert.equal(shown("1001@example.org", "1001", "example.org"), "1001");
  assert.equal(shown("1001@example.org", "Alice", "example.org"), "Alice (1001)");
  assert.equal(shown("bob@other.example", "", "example.org"), "bob@other.example");
});
