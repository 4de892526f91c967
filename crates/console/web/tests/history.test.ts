import assert from "node:assert/strict";
import { test } from "node:test";

import { duration, History, type Entry, type Store } from "../phone/history.js";

class Memory implements Store {
  kept = new Map<string, string>();
  full = false;

  getItem(key: string) {
    return this.kept.get(key) ?? null;
  }

  setItem(key: string, value: string) {
    if (this.full) {
      throw new Error("full");
    }
    this.kept.set(key, value);
  }

  removeItem(key: string) {
    this.kept.delete(key);
  }
}

const entry = (when: number): Entry => ({ when, uri: "a@b", name: "", outgoing: true, ending: "ended", seconds: 3 });

test("the newest call is first, and a hundred are kept", () => {
  const store = new Memory();
  const history = new History(store);
  for (let when = 0; when < 120; when++) {
    history.add(entry(when));
  }
  const again = new History(store);
  assert.equal(again.entries.length, 100);
  assert.equal(again.entries[0]?.when, 119);
  again.clear();
  assert.deepEqual(new History(store).entries, []);
});

test("what is no entry is left out", () => {
  const store = new Memory();
  const broken = [null, 5, {}, { ...entry(1), ending: "exploded" }, entry(2)];
  store.setItem("jackfield.phone.calls", JSON.stringify(broken));
  assert.deepEqual(new History(store).entries, [entry(2)]);
  store.setItem("jackfield.phone.calls", "no JSON");
  assert.deepEqual(new History(store).entries, []);
});

test("a full store loses nothing that is on the page", () => {
  const store = new Memory();
  store.full = true;
  const history = new History(store);
  history.add(entry(1));
  assert.equal(history.entries.length, 1);
});

test("durations", () => {
  const shown: [number, string][] = [
    [0, "0:00"],
    [7.9, "0:07"],
    [754, "12:34"],
    [3723, "1:02:03"],
    [-1, "0:00"],
  ];
  for (const [seconds, text] of shown) {
    assert.equal(duration(seconds), text);
  }
});
