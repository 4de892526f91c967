import assert from "node:assert/strict";
import { test } from "node:test";

import type { Socket } from "../phone/gateway.js";
import { Link, NotDone, token, type Admission, type LinkState, type World } from "../rooms/link.js";
import type { Happening } from "../rooms/wire.js";

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  sent: { Command: string; seq: number }[] = [];
  closed = false;
  send(text: string) {
    this.sent.push(JSON.parse(text) as { Command: string; seq: number });
  }
  close() {
    this.closed = true;
  }
  says(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

/** A world in which time passes when told to, and the server lets in as it is told. */
class Simulated implements World {
  admission: Admission = { status: 204, text: "" };
  keys: string[] = [];
  sockets: FakeSocket[] = [];
  #timers: { left: number; run: () => void }[] = [];

  ask(key: string) {
    this.keys.push(key);
    return Promise.resolve(this.admission);
  }
  open() {
    const socket = new FakeSocket();
    this.sockets.push(socket);
    return socket;
  }
  after(milliseconds: number, run: () => void) {
    const timer = { left: milliseconds, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }
  async pass(milliseconds: number) {
    for (const timer of [...this.#timers]) {
      timer.left -= milliseconds;
      if (timer.left <= 0) {
        this.#timers = this.#timers.filter((other) => other !== timer);
        timer.run();
      }
    }
    await settled();
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

function world() {
  const simulated = new Simulated();
  const states: LinkState[] = [];
  const waits: number[] = [];
  const refusals: [string, boolean][] = [];
  const happenings: Happening[] = [];
  const link = new Link(
    {
      linkChanged(state, wait) {
        states.push(state);
        if (state === "waiting") {
          waits.push(wait);
        }
      },
      refused: (why, needsKey) => refusals.push([why, needsKey]),
      happened: (happening) => happenings.push(happening),
    },
    simulated,
  );
  return { simulated, states, waits, refusals, happenings, link };
}

async function opened() {
  const all = world();
  all.link.start("key");
  await settled();
  const socket = all.simulated.sockets[0]!;
  socket.onopen?.();
  return { ...all, socket };
}

test("it asks before it connects, with the key", async () => {
  const { simulated, states } = await opened();
  assert.deepEqual(simulated.keys, ["key"]);
  assert.deepEqual(states, ["closed", "asking", "connecting", "open"]);
});

test("who is refused does not try again", async () => {
  for (const [status, needsKey] of [[401, true], [403, false], [429, false]] as const) {
    const { simulated, states, refusals, link } = world();
    simulated.admission = { status, text: "No." };
    link.start("wrong");
    await settled();
    assert.deepEqual(refusals, [["No.", needsKey]]);
    assert.equal(states.at(-1), "refused");
    await simulated.pass(100_000);
    assert.deepEqual([simulated.keys.length, simulated.sockets.length], [1, 0]);
  }
});

test("a server that is not there is asked again, at growing intervals", async () => {
  const { simulated, waits, link } = world();
  for (const [attempt, admission] of [undefined, { status: 503, text: "" }, undefined].entries()) {
    simulated.admission = admission;
    if (attempt === 0) {
      link.start("key");
      await settled();
    } else {
      await simulated.pass(waits.at(-1)! * 1000);
    }
  }
  assert.deepEqual(waits, [0.5, 1, 2]);
  simulated.admission = { status: 204, text: "" };
  link.retryNow();
  await settled();
  simulated.sockets[0]?.onopen?.();
  assert.equal(link.state, "open");
  simulated.sockets[0]?.onclose?.();
  assert.equal(waits.at(-1), 1, "a connection begins a new row");
});

test("replies find their commands, events those who listen", async () => {
  const { socket, link, happenings } = await opened();
  const first = link.command({ Command: "get_all_rooms" });
  const second = link.command({ Command: "get_room", room_id: 7 });
  socket.says({ Event: "IMM_EVENT_CREATE_ROOM", room_id: 12 });
  socket.says({ Status: "OK", Request: { seq: socket.sent[0]!.seq }, rooms: [] });
  socket.says({ Status: "ERROR", "Error Code": -9993, "Error Description": "X: no", Request: { seq: socket.sent[1]!.seq } });
  assert.deepEqual((await first)["rooms"], []);
  await assert.rejects(second, (error) => error instanceof NotDone && error.failure?.code === -9993);
  assert.deepEqual(happenings, [{ kind: "opened", room: 12 }]);
});

test("a loss fails what was asked, and so does silence", async () => {
  const lost = await opened();
  const asked = lost.link.command({ Command: "get_all_rooms" });
  lost.socket.onclose?.();
  await assert.rejects(asked, (error) => error instanceof NotDone && error.failure === undefined);
  await assert.rejects(lost.link.command({ Command: "get_all_rooms" }), NotDone);
  const silent = await opened();
  const waiting = silent.link.command({ Command: "get_all_rooms" });
  const failed = assert.rejects(waiting, NotDone);
  await silent.simulated.pass(15_000);
  await failed;
  assert.equal(silent.socket.closed, true);
  assert.equal(silent.states.at(-1), "waiting");
});

test("an answer for an earlier start is not listened to", async () => {
  const { simulated, link } = world();
  link.start("old");
  link.start("new");
  await settled();
  assert.deepEqual(simulated.keys, ["old", "new"]);
  assert.equal(simulated.sockets.length, 1);
  link.stop();
  assert.equal(simulated.sockets[0]?.closed, true);
});

test("the key as a subprotocol", () => {
  assert.equal(token("I am/valid"), "SSBhbS92YWxpZA");
  assert.equal(token("ü?>"), "w7w_Pg");
});
