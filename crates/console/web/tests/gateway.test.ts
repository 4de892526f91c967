import assert from "node:assert/strict";
import { test } from "node:test";

import { Gateway, Refused, type LinkState, type Socket, type World } from "../phone/gateway.js";
import type { Message } from "../phone/wire.js";

/** A world in which time passes when told to, and the server is us. */
class Simulated implements World {
  now = 0;
  sockets: FakeSocket[] = [];
  #timers: { at: number; run: () => void; every?: number }[] = [];
  #transactions = 0;

  open(url: string, subprotocol: string): Socket {
    const socket = new FakeSocket(url, subprotocol);
    this.sockets.push(socket);
    return socket;
  }

  after(milliseconds: number, run: () => void) {
    return this.#add({ at: this.now + milliseconds, run });
  }

  every(milliseconds: number, run: () => void) {
    return this.#add({ at: this.now + milliseconds, run, every: milliseconds });
  }

  transaction() {
    this.#transactions += 1;
    return `t${this.#transactions}`;
  }

  pass(milliseconds: number) {
    const end = this.now + milliseconds;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) {
        break;
      }
      this.now = next.at;
      if (next.every === undefined) {
        this.#timers = this.#timers.filter((timer) => timer !== next);
      } else {
        next.at += next.every;
      }
      next.run();
    }
    this.now = end;
  }

  get socket(): FakeSocket {
    const last = this.sockets[this.sockets.length - 1];
    assert.ok(last, "no socket was opened");
    return last;
  }

  #add(timer: { at: number; run: () => void; every?: number }) {
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }
}

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  sent: Record<string, unknown>[] = [];
  closed = false;

  constructor(
    readonly url: string,
    readonly subprotocol: string,
  ) {}

  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close() {
    this.closed = true;
  }

  says(message: object) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

function connected() {
  const world = new Simulated();
  const states: LinkState[] = [];
  const waits: number[] = [];
  const received: Message[] = [];
  const gateway = new Gateway(
    "ws://x/",
    {
      linkChanged: (state, wait) => {
        states.push(state);
        if (state === "waiting") {
          waits.push(wait);
        }
      },
      received: (message) => received.push(message),
    },
    world,
  );
  gateway.start();
  return { world, states, waits, received, gateway };
}

function ready() {
  const all = connected();
  all.world.pass(500);
  all.world.socket.onopen?.();
  all.world.socket.says({ sylkrtc: "ready-event" });
  return all;
}

test("it connects after half a second, with its subprotocol, and is ready when told", () => {
  const { world, states } = ready();
  assert.equal(world.socket.subprotocol, "sylkRTC-2");
  assert.deepEqual(states, ["waiting", "connecting", "connected", "ready"]);
  assert.deepEqual(world.socket.sent, [], "nothing is said before it is asked for");
});

test("attempts are spread: 0.5, 1, 2, 4, 8, 16 and again; a connection starts over", () => {
  const { world, waits } = connected();
  for (let attempt = 0; attempt < 8; attempt++) {
    world.pass(waits[waits.length - 1]! * 1000);
    world.socket.onclose?.();
  }
  assert.deepEqual(waits, [0.5, 1, 2, 4, 8, 16, 0.5, 1, 2]);
  world.pass(2000);
  world.socket.onopen?.();
  world.socket.onclose?.();
  assert.equal(waits[waits.length - 1], 1);
});

test("an answer reaches the one who asked, whichever comes first", async () => {
  const { gateway, world } = ready();
  const first = gateway.ask({ sylkrtc: "account-register", account: "a@b" });
  const second = gateway.ask({ sylkrtc: "account-unregister", account: "a@b" });
  world.socket.says({ sylkrtc: "error", transaction: "t2", error: "no" });
  world.socket.says({ sylkrtc: "ack", transaction: "t1" });
  assert.deepEqual(await first, { resumeToken: undefined, resumed: false });
  await assert.rejects(second, new Refused("no"));
});

test("a loss fails what was asked, and asking without a connection fails at once", async () => {
  const { gateway, world } = ready();
  const asked = gateway.ask({ sylkrtc: "account-register", account: "a@b" });
  world.socket.onclose?.();
  await assert.rejects(asked, Refused);
  await assert.rejects(gateway.ask({ sylkrtc: "ping" }), Refused);
});

test("a ping goes out every five seconds", () => {
  const { world } = ready();
  for (let second = 0; second < 60; second++) {
    world.pass(1000);
    for (const ping of world.socket.sent) {
      world.socket.says({ sylkrtc: "ack", transaction: ping["transaction"] });
    }
  }
  assert.deepEqual(
    world.socket.sent.map((one) => one["sylkrtc"]),
    Array.from({ length: 12 }, () => "ping"),
  );
  assert.equal(world.sockets.length, 1);
});

test("an error is an answer to a ping too", () => {
  const { world } = ready();
  for (let second = 0; second < 60; second++) {
    world.pass(1000);
    for (const ping of world.socket.sent) {
      world.socket.says({ sylkrtc: "error", transaction: ping["transaction"], error: "what?" });
    }
  }
  assert.equal(world.sockets.length, 1);
});

test("after thirty seconds without an answer the connection is left, ready or not", () => {
  for (const start of [ready, notReady]) {
    const { world, states } = start();
    const first = world.socket;
    world.pass(29_900);
    assert.equal(first.closed, false);
    world.pass(200);
    assert.equal(first.closed, true);
    assert.equal(states[states.length - 1], "waiting");
    world.pass(1000);
    assert.equal(world.sockets.length, 2);
  }
});

function notReady() {
  const all = connected();
  all.world.pass(500);
  all.world.socket.onopen?.();
  return all;
}

test("stopping stops everything", () => {
  const { gateway, world, states } = ready();
  gateway.stop();
  assert.equal(world.socket.closed, true);
  world.pass(120_000);
  assert.equal(world.sockets.length, 1);
  assert.equal(states[states.length - 1], "closed");
});

test("events are passed on, noise is not", () => {
  const { world, received } = ready();
  world.socket.says({ sylkrtc: "session-event", session: "S", event: "state", state: "progress" });
  world.socket.says({ sylkrtc: "ack", transaction: "nobody" });
  world.socket.onmessage?.({ data: "not JSON" });
  world.socket.onmessage?.({ data: new Uint8Array(4) });
  assert.equal(received.length, 1);
});
