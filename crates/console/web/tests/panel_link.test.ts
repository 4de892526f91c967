import assert from "node:assert/strict";
import { test } from "node:test";

import { Link, NotDone, type Answer, type LinkState, type World } from "../panel/link.js";
import type { Happening, Session } from "../panel/wire.js";
import type { Socket } from "../phone/gateway.js";
import { event, leg } from "./panel_events.js";

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  sent: { correlationId: number }[] = [];
  closed = false;
  send(text: string) {
    this.sent.push(JSON.parse(text) as { correlationId: number });
  }
  close() {
    this.closed = true;
  }
  says(text: string) {
    this.onmessage?.({ data: text });
  }
  answers() {
    this.says(JSON.stringify({ type: "success", time: 1, correlationId: this.sent.at(-1)?.correlationId }));
  }
}

const WHO = JSON.stringify({
  username: "ana", userId: "u", userLoginId: "l", displayName: "Ana", coreServer: { id: "c", slug: "default", name: "Default" }, extensionIds: ["e1"],
});

/** A world in which time passes when told to, and the server answers as it is told. */
class Simulated implements World {
  answers = new Map<string, Answer>([["GET session", { status: 200, text: WHO }]]);
  asked: string[] = [];
  sockets: FakeSocket[] = [];
  #timers: { left: number; run: () => void }[] = [];

  request(method: string, path: string, body?: object) {
    this.asked.push(`${method} ${path}${body === undefined ? "" : ` ${JSON.stringify(body)}`}`);
    return Promise.resolve(this.answers.get(`${method} ${path}`));
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
  const outs: string[] = [];
  const ins: Session[] = [];
  const happenings: Happening[] = [];
  const told: string[] = [];
  const link = new Link(
    {
      linkChanged(state, wait) {
        states.push(state);
        if (state === "waiting") {
          waits.push(wait);
        }
      },
      opened: (who) => ins.push(who),
      signedOut: (why) => outs.push(why),
      happened: (happening) => happenings.push(happening),
      told: (text) => told.push(text),
    },
    simulated,
  );
  return { simulated, states, waits, outs, ins, happenings, told, link };
}

async function opened() {
  const all = world();
  all.link.start();
  await settled();
  const socket = all.simulated.sockets[0]!;
  socket.onopen?.();
  socket.answers();
  return { ...all, socket };
}

test("who is signed in already is connected, and asks for every event first", async () => {
  const { simulated, states, ins, happenings, socket } = await opened();
  assert.deepEqual(simulated.asked, ["GET session"]);
  assert.deepEqual(states, ["asking", "connecting", "open"]);
  assert.equal(ins[0]?.username, "ana");
  assert.deepEqual(socket.sent, [{ type: "filter", correlationId: 1, filters: [] }]);
  socket.says(event("hangup", 5, leg("a", "Ana", "201", "e1")));
  socket.says("nonsense");
  assert.deepEqual(happenings.map(({ kind }) => kind), ["hangup"]);
});

test("nobody is signed in, then somebody is", async () => {
  const { simulated, outs, ins, link } = world();
  simulated.answers.set("GET session", { status: 401, text: "Sign in." });
  link.start();
  await settled();
  assert.deepEqual([outs, simulated.sockets.length], [[""], 0]);
  simulated.answers.set("POST session", { status: 401, text: "That is not right.\n" });
  await assert.rejects(link.signIn("ana", "wrong"), (error) => error instanceof NotDone && error.status === 401 && error.message === "That is not right.");
  simulated.answers.set("POST session", { status: 204, text: "" });
  simulated.answers.set("GET session", { status: 200, text: WHO });
  await link.signIn("ana", "right");
  await settled();
  simulated.sockets[0]?.onopen?.();
  assert.equal(ins.length, 1);
});

test("a page that is not let in is told why, and does not try again", async () => {
  const { simulated, outs, states, link } = world();
  simulated.answers.set("GET session", { status: 403, text: "This server does not know itself by this name." });
  link.start();
  await settled();
  assert.deepEqual(outs, ["This server does not know itself by this name."]);
  await simulated.pass(100_000);
  assert.deepEqual([simulated.asked.length, states.at(-1)], [1, "signed-out"]);
});

test("it comes back at growing intervals", async () => {
  const { simulated, waits, link } = world();
  for (const [attempt, answer] of [undefined, { status: 503, text: "" }, { status: 200, text: "{" }].entries()) {
    simulated.answers.set("GET session", answer);
    if (attempt === 0) {
      link.start();
      await settled();
    } else {
      await simulated.pass(waits.at(-1)! * 1000);
    }
  }
  assert.deepEqual(waits, [0.5, 1, 2]);
  simulated.answers.set("GET session", { status: 200, text: WHO });
  link.retryNow();
  await settled();
  simulated.sockets[0]?.onopen?.();
  assert.equal(link.state, "open");
  simulated.sockets[0]?.onclose?.();
  assert.equal(waits.at(-1), 1, "a connection begins a new row");
});

test("a server that is silent is not there", async () => {
  const { simulated, states, socket } = await opened();
  await simulated.pass(20_000);
  assert.deepEqual([socket.sent.length, states.at(-1)], [2, "open"]);
  socket.answers();
  await simulated.pass(20_000);
  assert.equal(states.at(-1), "open");
  await simulated.pass(20_000);
  assert.deepEqual([socket.closed, states.at(-1)], [true, "waiting"]);
});

test("a sign-in that has ended is said", async () => {
  const { simulated, outs, socket, link } = await opened();
  simulated.answers.set("POST live/coreServers/c/extensions/e1/enableDnd", { status: 401, text: "" });
  await assert.rejects(link.act("coreServers/c/extensions/e1/enableDnd"), NotDone);
  assert.deepEqual([outs, socket.closed], [["Your sign-in has ended."], true]);
});

test("reading and doing", async () => {
  const { simulated, link } = await opened();
  simulated.answers.set("GET live/x", { status: 200, text: "[1]" });
  assert.deepEqual(await link.get("x"), [1]);
  simulated.answers.set("GET live/x", { status: 200, text: "[" });
  await assert.rejects(link.get("x"), NotDone);
  await assert.rejects(link.get("gone"), (error) => error instanceof NotDone && error.status === 0);
  simulated.answers.set("POST live/x/park", { status: 204, text: "" });
  await link.act("x/park", { slot: 1 });
  assert.equal(simulated.asked.at(-1), 'POST live/x/park {"slot":1}');
});

test("signing out ends the connection", async () => {
  const { simulated, outs, states, socket, link } = await opened();
  simulated.answers.set("DELETE session", { status: 204, text: "" });
  await link.signOut();
  assert.deepEqual([socket.closed, outs, states.at(-1), simulated.asked.at(-1)], [true, [""], "signed-out", "DELETE session"]);
  await simulated.pass(100_000);
  assert.equal(simulated.sockets.length, 1);
});
