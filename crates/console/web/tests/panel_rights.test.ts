import assert from "node:assert/strict";
import { test } from "node:test";

import { Office, type Said } from "../panel/office.js";
import { Powers } from "../panel/rights.js";
import type { SegmentSaid } from "../panel/wire.js";

function segment(id: string, extension: string | undefined, more: Partial<SegmentSaid> = {}): SegmentSaid {
  return { id, name: id, number: id, extension, held: false, recorded: false, muted: false, incoming: false, links: [], dials: [], ...more };
}

const SAID: Said = {
  rights: new Map([
    ["own", new Set(["see", "calls", "hangup", "transfer"])],
    ["other", new Set(["see"])],
    ["queue", new Set(["see", "calls", "take"])],
    ["lot", new Set(["see", "calls"])],
    ["room", new Set(["see", "calls", "mute"])],
  ]),
  extensions: [],
  users: [],
  segments: [
    segment("mine", "own", { links: [{ to: "theirs", since: undefined }] }),
    segment("theirs", "other", { links: [{ to: "mine", since: undefined }] }),
    segment("caller", undefined, { dials: ["rung"] }),
    segment("rung", "own"),
    segment("stranger", undefined),
  ],
  queues: [{ id: "queue", name: "q", number: "1", agents: [], waiting: [{ segment: segment("waits", undefined), position: 1, since: undefined }] }],
  lots: [{ id: "lot", name: "l", number: "2", parked: [{ segment: segment("parked", undefined), slot: "1", since: undefined }] }],
  rooms: [{ id: "room", name: "r", number: "3", members: [segment("member", "other")] }],
};

function made(anywhere: string[] = []) {
  const office = new Office();
  office.furnish(SAID);
  const powers = new Powers(office);
  powers.become(anywhere);
  const may = (right: Parameters<Powers["may"]>[0], id: string) => powers.mayCall(right, office.segments.get(id)!);
  return { powers, may };
}

test("a call is one's own from either side", () => {
  const { may } = made();
  for (const id of ["mine", "theirs", "caller", "rung"]) {
    assert.ok(may("hangup", id), id);
    assert.ok(!may("record", id), id);
  }
  assert.ok(!may("hangup", "stranger"));
});

test("places give rights to the calls in them", () => {
  const { may } = made();
  assert.ok(may("transfer", "waits") && may("park", "waits"), "who may take may send");
  assert.ok(!may("hangup", "waits"));
  assert.ok(!may("transfer", "parked"));
  assert.ok(may("mute", "member") && !may("take", "member"));
});

test("what holds everywhere holds for everything", () => {
  const { may, powers } = made(["take", "record"]);
  assert.ok(may("record", "stranger") && may("transfer", "parked") && !may("transfer", "stranger"));
  assert.ok(powers.may("record") && powers.may("see", undefined, "other") && !powers.may("see", "nothing"));
  assert.ok(!made().powers.may("see", undefined));
});
