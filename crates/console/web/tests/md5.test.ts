import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { ha1, md5 } from "../phone/md5.js";

const bytes = (text: string) => new TextEncoder().encode(text);

test("the test suite of RFC 1321 §A.5", () => {
  const suite: [string, string][] = [
    ["", "d41d8cd98f00b204e9800998ecf8427e"],
    ["a", "0cc175b9c0f1b6a831c399e269772661"],
    ["abc", "900150983cd24fb0d6963f7d28e17f72"],
    ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
    ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
    ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"],
    ["1234567890".repeat(8), "57edf4a22be3c955ac49da2e2107b67a"],
  ];
  for (const [text, digest] of suite) {
    assert.equal(md5(bytes(text)), digest, text);
  }
});

test("every length around the block borders, against another implementation", () => {
  for (let length = 0; length < 200; length++) {
    const message = Uint8Array.from({ length }, (_, index) => (index * 37 + length) & 0xff);
    assert.equal(md5(message), createHash("md5").update(message).digest("hex"), `${length} bytes`);
  }
});

test("HA1 of known accounts", () => {
  assert.equal(ha1("alice", "example.org", "wonderland"), "72f86f2053703faa0f521ce71cfe6f59");
  assert.equal(ha1("alice", "example.com", "secret"), "b1726872c344b6dc8365b774f8fd6412");
  const other = createHash("md5").update("jürgen:example.org:grüße", "utf8").digest("hex");
  assert.equal(ha1("jürgen", "example.org", "grüße"), other);
});
