/** Puts everybody, the calls and the places they wait in together. */

import { Display, part } from "../phone/announce.js";
import { CallList, type Deed } from "./call_list.js";
import { changes, movable, ownCalls, type OwnCall } from "./calls.js";
import { Clock } from "./clock.js";
import { CrmFrame } from "./crm.js";
import { Drag } from "./drag.js";
import { browser, Link, NotDone, type LinkState } from "./link.js";
import { MoveMenu } from "./move_menu.js";
import { Office, type Segment } from "./office.js";
import { OwnPhone } from "./own_phone.js";
import { OwnStatus } from "./own_status.js";
import { PastCalls } from "./past_calls.js";
import { PauseMenu } from "./pause_menu.js";
import { people, PeopleList } from "./people_list.js";
import { PlaceList } from "./place_list.js";
import { QueueList } from "./queue_list.js";
import { everything, rootOf } from "./reading.js";
import { Powers } from "./rights.js";
import { SignIn } from "./sign_in.js";
import { body, found, wordsFor, type Target } from "./targets.js";
import type { Happening, Session } from "./wire.js";
import { called, ofRefusal } from "./words.js";

const base = document.documentElement.dataset["base"] ?? "";

/** Events are shown together when they come close together, milliseconds. */
const GATHER_MS = 40;
/** Everything is not read again more often than this, milliseconds. */
const REST_MS = 2000;

const display = new Display();
const office = new Office();
const clock = new Clock();
const powers = new Powers(office);
const crm = new CrmFrame();
let session: Session | undefined;
let calls: OwnCall[] = [];
let drawing = false;
/** Events since everything was asked for; `undefined`: nothing is being read. */
let kept: Happening[] | undefined;
let nextRead: ReturnType<typeof setTimeout> | undefined;
/** How often everything was read since the connection was opened. */
let reads = 0;
let lastRead = 0;

const link = new Link({ linkChanged, opened, signedOut, happened, told: (text) => crm.told(text) }, browser(base));
const signIn = new SignIn(async (user, password) => {
  try {
    await link.signIn(user, password);
  } catch (error) {
    throw error instanceof NotDone && error.status === 0 ? new Error(ofRefusal(0, "")) : error;
  }
});
const menu = new MoveMenu();
const pause = new PauseMenu();
const list = new PeopleList({ mayCall: () => own.mayCall, call: (person) => call({ kind: "extension", id: person.extension.id }, person.name) }, () => show());
const own: OwnPhone = new OwnPhone({
  may: (right, extension) => powers.may(right, extension),
  call: (number) => call({ kind: "number", id: number }, number),
  dnd(on) {
    if (own.extension !== undefined) {
      void act(`extensions/${own.extension}/${on ? "enableDnd" : "disableDnd"}`, {}, on ? "You will not be disturbed." : "You can be called.");
    }
  },
});
const ownStatus = new OwnStatus((type, name, note) => void tell(type, name, note));
const callList = new CallList({
  may: (right, segment) => powers.mayCall(right, segment),
  act: (one, deed) => void doTo(one, deed),
  move(one) {
    const segment = movable(one);
    if (segment !== undefined) {
      askWhere(segment);
    }
  },
});
/** Calls that wait. */
const moving = {
  mayMove: (segment: Segment) => powers.mayCall("transfer", segment),
  mayTake: (segment: Segment) => own.extension !== undefined && powers.mayCall("transfer", segment),
};
const queues = new QueueList({
  ...moving,
  may: (right, queue, extension) => powers.may(right, queue.id, extension),
  logIn: (queue, extensionId, penalty) =>
    void act(`queues/${queue.id}/login`, penalty === undefined ? { extensionId } : { extensionId, penalty }, `${nameOf(extensionId)} is logged in to ${queue.name}.`),
  agent(queue, agent, deed) {
    const path = `queues/${queue.id}/agents/${agent.id}/${deed}`;
    if (deed === "pause") {
      pause.ask(`Pause ${agent.name} in ${queue.name}`, (reason) =>
        void act(path, reason === "" ? {} : { reason }, `${agent.name} is paused in ${queue.name}.`),
      );
    } else {
      void act(path, {}, `${agent.name} ${deed === "logout" ? "is logged out of" : "takes calls again in"} ${queue.name}.`);
    }
  },
  penalty: (queue, agent, penalty) =>
    void act(`queues/${queue.id}/agents/${agent.id}/penalty`, { penalty }, `${agent.name} has penalty ${penalty} in ${queue.name}.`),
  take,
  move: askWhere,
});
const places = new PlaceList({
  ...moving,
  may: (right, segment) => powers.mayCall(right, segment),
  mayJoin: () => own.mayCall,
  take,
  move: askWhere,
  mute: (segment) => void mute(segment),
  hangUp: (segment) => void act(`callSegments/${segment.id}/hangup`, {}, `The call of ${called(segment)} was ended.`),
  join: (room) => call({ kind: "room", id: room.id }, room.name),
});
const past = new PastCalls(async (query) => {
  if (session === undefined) {
    return undefined;
  }
  try {
    return await link.get(`${rootOf(session.coreServer)}/callHistory?${query}`);
  } catch (error) {
    throw error instanceof NotDone ? new Error(ofRefusal(error.status, error.message)) : error;
  }
});
new Drag(part("office", HTMLElement), (segment, target) => {
  const dragged = office.segments.get(segment);
  if (dragged === undefined) {
    display.alarm("That call has ended.");
  } else {
    move(dragged, target);
  }
});

function linkChanged(state: LinkState, retryInSeconds: number): void {
  const words: Record<LinkState, string> = {
    asking: "Connecting …",
    "signed-out": "Not signed in",
    connecting: "Connecting …",
    open: "Connected",
    waiting: retryInSeconds < 1 ? "Connecting …" : `No connection; next attempt in ${retryInSeconds} s`,
  };
  part("panel-link", HTMLElement).textContent = words[state];
  part("panel-lamp", HTMLElement).dataset["state"] = state;
  part("panel-retry", HTMLButtonElement).hidden = state !== "waiting" || retryInSeconds < 1;
  document.body.classList.toggle("stale", state !== "open");
  if (state === "waiting" && retryInSeconds >= 1) {
    display.alarm(`There is no connection to the server. Trying again in ${retryInSeconds} seconds.`);
  }
}

function opened(who: Session): void {
  session = who;
  powers.become(who.rights);
  ownStatus.offer(who.statuses);
  crm.begin(who.crm, { userId: who.userId, username: who.username });
  reads = 0;
  kept = undefined;
  const asked = signIn.hide();
  part("office", HTMLElement).hidden = false;
  if (asked) {
    part("calls-title", HTMLElement).focus();
  }
  part("who", HTMLElement).textContent = who.displayName;
  part("sign-out", HTMLButtonElement).hidden = false;
  void furnish();
  if (who.keepsCalls) {
    void past.read();
  } else {
    past.close();
  }
}

function signedOut(why: string): void {
  session = undefined;
  crm.end();
  past.close();
  kept = undefined;
  office.clear();
  calls = [];
  // What was said to whoever was here is not said to the next.
  display.say("");
  show();
  part("office", HTMLElement).hidden = true;
  part("who", HTMLElement).textContent = "";
  part("sign-out", HTMLButtonElement).hidden = true;
  signIn.ask(why);
}

/** Everything is to be read once more, soon. */
function anew(): void {
  nextRead ??= setTimeout(() => {
    nextRead = undefined;
    void furnish();
  }, Math.max(0, lastRead + REST_MS - Date.now()));
}

/** Everything anew: what happens while it is read is applied afterwards. */
async function furnish(): Promise<void> {
  const who = session;
  if (who === undefined || link.state !== "open") {
    return;
  }
  if (kept !== undefined) {
    anew();
    return;
  }
  const meanwhile: Happening[] = [];
  kept = meanwhile;
  lastRead = Date.now();
  try {
    const said = await everything((path) => link.get(path), who.coreServer);
    // Another connection, or another user, meanwhile.
    if (kept !== meanwhile) {
      return;
    }
    kept = undefined;
    office.furnish(said);
    // What they tell of may have come after it was asked for.
    const unheard = meanwhile.filter((happening) => office.take(happening) === "ask");
    reads += 1;
    if (reads === 1) {
      calls = ownCalls(office, who.extensionIds);
      display.say(`Signed in as ${who.displayName}.`);
    }
    show();
    if (unheard.length > 0) {
      anew();
    }
  } catch (error) {
    if (kept === meanwhile) {
      kept = undefined;
      failed(error);
      anew();
    }
  }
}

function happened(happening: Happening): void {
  clock.told(happening.time);
  if (happening.kind === "hangup" && session?.keepsCalls === true) {
    past.ended();
  }
  if (kept !== undefined) {
    kept.push(happening);
    return;
  }
  if (office.take(happening) === "ask") {
    anew();
  }
  if (!drawing) {
    drawing = true;
    setTimeout(() => {
      drawing = false;
      show();
    }, GATHER_MS);
  }
}

function show(): void {
  const owned = session?.extensionIds ?? [];
  const everybody = people(office, owned, clock.now);
  const now = ownCalls(office, owned);
  const news = changes(calls, now);
  if (news.length > 0) {
    display.say(news.join(" "));
  }
  calls = now;
  list.show(office, owned, clock.now);
  const mine = everybody.filter(({ isOwn }) => isOwn);
  own.show(mine);
  ownStatus.show(mine.find(({ user }) => user?.status !== undefined)?.user?.status, mine.length > 0);
  callList.show(calls);
  queues.show(office, everybody);
  places.show(office);
  clock.tick();
}

/** Does something below the core server; what is refused is said in words. Whether it was done. */
async function act(path: string, what: object, done: string): Promise<boolean> {
  if (session === undefined) {
    return false;
  }
  try {
    await link.act(`${rootOf(session.coreServer)}/${path}`, what);
  } catch (error) {
    failed(error);
    return false;
  }
  if (done !== "") {
    display.say(done);
  }
  return true;
}

/** Says where one is. */
async function tell(type: string, name: string, note: string): Promise<void> {
  try {
    await link.tell(type, name, note);
    display.say("The others see that now.");
  } catch (error) {
    failed(error);
  }
}

function failed(error: unknown): void {
  display.alarm(error instanceof NotDone ? ofRefusal(error.status, error.message) : String(error));
}

/** One's own phone rings, and then whoever is called. */
async function callWith(extension: string, target: Target, words: string): Promise<void> {
  if (await act(`extensions/${extension}/originate`, body(target), `Your phone rings; ${words} is called when you answer.`)) {
    own.called();
  }
}

function call(target: Target, words: string): void {
  if (own.extension === undefined) {
    display.alarm("You have no phone to call with.");
  } else {
    void callWith(own.extension, target, words);
  }
}

async function doTo(one: OwnCall, deed: Deed): Promise<void> {
  // What is parked is the one who stays: our own phone is free.
  const segment = deed === "park" ? one.other : one.own;
  if (segment === undefined || (deed === "mute" || deed === "unmute" ? !(await mute(segment)) : !(await act(`callSegments/${segment.id}/${deed}`, {}, "")))) {
    return;
  }
  if (deed === "park") {
    display.say(`The call with ${one.whom} is parked.`);
  }
}

/** Or not muted any more. No event tells of it but in conferences. */
async function mute(segment: Segment): Promise<boolean> {
  const muted = !segment.muted;
  const words = muted ? `${called(segment)} is muted.` : `${called(segment)} can be heard again.`;
  if (!(await act(`callSegments/${segment.id}/${muted ? "mute" : "unmute"}`, {}, words))) {
    return false;
  }
  const still = office.segments.get(segment.id);
  if (still !== undefined) {
    still.muted = muted;
    show();
  }
  return true;
}

function take(segment: Segment): void {
  if (own.extension === undefined) {
    display.alarm("You have no phone to take the call with.");
  } else {
    move(segment, { kind: "extension", id: own.extension });
  }
}

function move(segment: Segment, target: Target): void {
  void act(`callSegments/${segment.id}/transfer`, body(target), `${called(segment)} is sent to ${wordsFor(office, target)}.`);
}

function askWhere(segment: Segment): void {
  menu.ask(`Where shall ${called(segment)} go?`, (typed) => found(office, typed), (target) => move(segment, target));
}

function nameOf(extension: string): string {
  return people(office, [], clock.now).find((person) => person.extension.id === extension)?.name ?? extension;
}

part("sign-out", HTMLButtonElement).addEventListener("click", () => void link.signOut());
part("panel-retry", HTMLButtonElement).addEventListener("click", () => link.retryNow());
window.addEventListener("online", () => link.retryNow());

if (base === "") {
  display.alarm("The panel is closed on this server.");
  signIn.hide();
} else {
  link.start();
}
