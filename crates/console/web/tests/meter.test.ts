import assert from "node:assert/strict";
import { test } from "node:test";

import { FLOOR_DBFS, level, share } from "../phone/meter.js";

const sine = (amplitude: number) => Float32Array.from({ length: 4800 }, (_, i) => amplitude * Math.sin((2 * Math.PI * i) / 48));

test("levels are those of a sine, full scale being 0", () => {
  assert.ok(Math.abs(level(sine(1))) < 0.01);
  assert.ok(Math.abs(level(sine(0.1)) + 20) < 0.01);
  assert.equal(level(new Float32Array(100)), FLOOR_DBFS);
  assert.equal(level(sine(1e-6)), FLOOR_DBFS);
});

test("the scale is linear in decibels", () => {
  assert.equal(share(FLOOR_DBFS), 0);
  assert.equal(share(0), 1);
  assert.equal(share(6), 1);
  assert.equal(share(FLOOR_DBFS / 2), 0.5);
});
