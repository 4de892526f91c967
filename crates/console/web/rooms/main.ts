/** Puts the rooms, their plan and the listener together. */

import { Display, part } from "../phone/announce.js";
import { find, type Control } from "./controls.js";
import { Ear } from "./ear.js";
import { clipped, moved, seatAt, seatTowards, turned, type Direction } from "./geometry.js";
import { called, House, type Person, type Room } from "./house.js";
import { KeyForm } from "./key_form.js";
import { Latest } from "./latest.js";
import { layouts, type Layout } from "./layouts.js";
import { browser, Link, NotDone, type LinkState } from "./link.js";
import { myself, roll, type Myself } from "./myself.js";
import { PersonPanel } from "./person_panel.js";
import { Plan } from "./plan.js";
import { RoomList } from "./room_list.js";
import { room as readRoom, rooms as readRooms, type Command, type Fields, type Happening, type Heading, type Point } from "./wire.js";
import { numberOf, ofControl, ofFailure, ofPlace, whereabouts } from "./words.js";

const page = document.documentElement.dataset;
const socket = page["socket"] ?? "";
const header = page["header"] ?? "";

/** Centimetres an arrow key moves somebody, and with shift. */
const STEP = { coarse: 25, fine: 5 };

const display = new Display();
const house = new House();
const stream = new Latest();
let plans: readonly Layout[] = [];
let chosenRoom: number | undefined;
let chosenPerson: number | undefined;
/** Who was there when the call began; `undefined`: nobody listens. */
let before: ReadonlySet<string> | undefined;
let ownNames: readonly string[] = [];
let self: Myself | undefined;
/** Rooms that are being asked for, and those that have to be asked for once more. */
const asked = new Map<number, boolean>();

const link = new Link({ linkChanged, refused, happened }, browser(socket, header));
const keyForm = new KeyForm((key) => link.start(key));

const plan = new Plan(part("plan", SVGSVGElement), {
  picked: (person) => pick(person.id),
  dragged,
  faced: (person, azimuth) => face(person, { azimuth, elevation: person.place?.heading.elevation ?? 0 }),
  stepped,
  turned(person, by) {
    const { heading } = person.place ?? { heading: { azimuth: 0, elevation: 0 } };
    face(person, { azimuth: turned(heading.azimuth, by), elevation: heading.elevation });
  },
});

const list = new RoomList({
  chosen: choose,
  open: (name, layout) => void open(name, layout),
  close: closeRoom,
  furnish(layout) {
    if (chosenRoom !== undefined) {
      void send({ Command: "set_room_layout", room_id: chosenRoom, layout_id: layout });
    }
  },
  setAll(control, value) {
    if (chosenRoom !== undefined) {
      void send({ Command: "set_all_participants_state", room_id: chosenRoom, control_to_edit: control, value });
    }
  },
  fault: (text) => display.alarm(text),
});

const panel = new PersonPanel({
  picked(person) {
    chosenPerson = person;
    show();
  },
  sit: (seat) => withPerson((person) => sit(person, seat)),
  stand: (at) => withPerson((person) => stand(person, at)),
  face: (heading) => withPerson((person) => face(person, heading)),
  rename: (name) => withPerson((person, room) => void send({ Command: "set_participant_name", room_id: room.id, participant_id: person.id, name })),
  sendOut: () =>
    withPerson((person, room) => {
      if (confirm(`Take ${called(person)} out of the room?`)) {
        void send({ Command: "remove_participant", room_id: room.id, participant_id: person.id });
        panel.focus();
      }
    }),
  set: (control, value) => withPerson((person, room) => set(person, room, control, value)),
});

const ear = new Ear({
  say: (text) => display.say(text),
  alarm: (text) => display.alarm(text),
  calling: () => (before = roll(house)),
  hears(names) {
    ownNames = names;
    display.say("You hear the room.");
    findMyself();
  },
  left() {
    before = undefined;
    self = undefined;
    ownNames = [];
    show();
  },
});

function linkChanged(state: LinkState, retryInSeconds: number): void {
  const words: Record<LinkState, string> = {
    closed: "Not connected",
    asking: "Connecting …",
    connecting: "Connecting …",
    open: "Connected",
    waiting: retryInSeconds < 1 ? "Connecting …" : `No connection; next attempt in ${retryInSeconds} s`,
    refused: "Not let in",
  };
  part("rooms-link", HTMLElement).textContent = words[state];
  part("rooms-lamp", HTMLElement).dataset["state"] = state;
  part("rooms-retry", HTMLButtonElement).hidden = state !== "waiting" || retryInSeconds < 1;
  document.body.classList.toggle("stale", state !== "open");
  if (state === "open") {
    void furnish();
  } else if (state === "waiting" && retryInSeconds >= 1) {
    display.alarm(`There is no connection to the server. Trying again in ${retryInSeconds} seconds.`);
  }
}

function refused(why: string, needsKey: boolean): void {
  display.alarm(why);
  if (needsKey) {
    keyForm.ask(why);
  }
}

/** Everything anew, after each connection. */
async function furnish(): Promise<void> {
  const drawn = await send({ Command: "get_json_all_room_layouts" });
  const said = await send({ Command: "get_all_rooms" });
  if (drawn === undefined || said === undefined) {
    return;
  }
  plans = layouts(drawn);
  house.furnish(readRooms(said));
  if (chosenRoom === undefined || !house.rooms.has(chosenRoom)) {
    chosenRoom = wanted() ?? house.sorted()[0]?.id;
  }
  const rooms = house.rooms.size === 1 ? "1 room is" : `${house.rooms.size} rooms are`;
  display.say(`Connected: ${rooms} open.`);
  show();
}

/** The room the address names, as /rooms#3000. */
function wanted(): number | undefined {
  const name = decodeURIComponent(location.hash.slice(1));
  return house.sorted().find((room) => room.name === name || String(room.id) === name || numberOf(room.name) === name)?.id;
}

function happened(happening: Happening): void {
  const gone = house.rooms.get(happening.room);
  const person = "person" in happening ? gone?.people.get(happening.person) : undefined;
  const consequence = house.take(happening);
  if (consequence === "ask") {
    void ask(happening.room);
  }
  announce(happening, gone, person);
  if (happening.kind === "closed" && chosenRoom === happening.room) {
    chosenRoom = house.sorted()[0]?.id;
    chosenPerson = undefined;
  }
  if (happening.kind === "opened" || happening.kind === "came") {
    findMyself();
  }
  if (consequence !== "nothing") {
    show();
  }
}

/** Says what others would see; of talking, which is all the time, only the plan tells. */
function announce(happening: Happening, room: Room | undefined, person: Person | undefined): void {
  if (happening.kind === "closed" && room !== undefined) {
    display.say(`Room ${room.name} is closed.`);
    return;
  }
  if (happening.room !== chosenRoom) {
    return;
  }
  const layout = layoutOf(room);
  switch (happening.kind) {
    case "came":
      return display.say(`${happening.name === "" ? `Number ${happening.person}` : happening.name} has come in.`);
    case "left":
      return person && display.say(`${called(person)} has left.`);
    case "placed":
      return person && display.say(ofPlace(layout, person));
    case "state": {
      const control = find(happening.control);
      return person && control && display.say(ofControl(person, control, happening.value));
    }
    case "layout":
      return display.say(`The room is furnished as ${plans.find(({ id }) => id === happening.layout)?.name ?? happening.layout}.`);
    default:
      return undefined;
  }
}

/** Asks for one room; once more when something happened meanwhile. */
async function ask(room: number): Promise<void> {
  if (asked.has(room)) {
    asked.set(room, true);
    return;
  }
  asked.set(room, false);
  try {
    const said = readRoom((await link.command({ Command: "get_room", room_id: room }))["room"]);
    if (said !== undefined) {
      house.put(said);
      chosenRoom ??= said.id;
      findMyself();
      show();
    }
  } catch {
    // It was closed meanwhile, or the connection is gone and everything will be asked for.
  }
  const again = asked.get(room);
  asked.delete(room);
  if (again === true) {
    void ask(room);
  }
}

/** Sends a command; what is refused is said in words, and shown as it is. */
async function send(command: Command): Promise<Fields | undefined> {
  try {
    return await link.command(command);
  } catch (error) {
    const failure = error instanceof NotDone ? error.failure : undefined;
    display.alarm(failure === undefined ? "There is no connection to the server." : ofFailure(failure));
    show();
    return undefined;
  }
}

function choose(room: number): void {
  chosenRoom = room;
  chosenPerson = self?.room === room ? self.person : undefined;
  history.replaceState(null, "", `#${encodeURIComponent(house.rooms.get(room)?.name ?? "")}`);
  display.say(`Room ${house.rooms.get(room)?.name ?? room}.`);
  show();
}

async function open(name: string, layout: number): Promise<void> {
  const opened = await send({ Command: "create_room", room_id: /^\d{1,9}$/.test(name) ? Number(name) : name, layout_id: layout });
  const id = opened?.["room_id"];
  if (typeof id === "number") {
    await ask(id);
    if (house.rooms.has(id)) {
      choose(id);
    }
  }
}

function closeRoom(): void {
  const room = chosen();
  const people = room?.people.size ?? 0;
  if (room !== undefined && (people === 0 || confirm(`Close room ${room.name} with ${people} in it?`))) {
    void send({ Command: "destroy_room", room_id: room.id }).then(() => list.focus(chosenRoom));
  }
}

function pick(person: number): void {
  chosenPerson = person;
  show();
}

function dragged(person: Person, x: number, z: number, done: boolean): void {
  const layout = layoutOf(chosen());
  if (layout === undefined) {
    return;
  }
  const seat = seatAt(layout, x, z, layout.open ? plan.reach / 2 : plan.reach * 2);
  plan.mark(done ? 0 : seat);
  if (seat > 0 && done) {
    sit(person, seat);
  } else if (layout.open && seat === 0) {
    stand(person, { x, y: person.place?.at.y ?? 0, z });
  } else if (done) {
    display.alarm(`${called(person)} stays: there is no seat. In this room people sit on seats.`);
    show();
  }
}

function stepped(person: Person, direction: Direction, fine: boolean): void {
  const layout = layoutOf(chosen());
  if (layout === undefined || person.place === undefined) {
    return;
  }
  if (layout.open) {
    stand(person, moved(person.place.at, direction, fine ? STEP.fine : STEP.coarse));
    return;
  }
  const seat = seatTowards(layout, person.place.at, direction);
  if (seat > 0) {
    sit(person, seat);
  } else {
    display.alarm("There is no seat that way.");
  }
}

function sit(person: Person, seat: number): void {
  if (chosenRoom !== undefined) {
    const room_id = chosenRoom;
    stream.wish(`place ${room_id} ${person.id}`, () => send({ Command: "set_participant_seat", room_id, participant_id: person.id, seat_id: seat }));
  }
}

function stand(person: Person, at: Point): void {
  const { azimuth, elevation } = person.place?.heading ?? { azimuth: 0, elevation: 0 };
  place(person, at, { azimuth, elevation });
}

function face(person: Person, heading: Heading): void {
  if (layoutOf(chosen())?.open !== true) {
    display.alarm("On a seat everybody looks at the middle of the room. Heads turn in open rooms.");
    return;
  }
  if (person.place !== undefined) {
    place(person, person.place.at, heading);
  }
}

function place(person: Person, at: Point, heading: Heading): void {
  if (chosenRoom !== undefined) {
    const ids = { room_id: chosenRoom, participant_id: person.id };
    const spot = { x: clipped(at.x), y: clipped(at.y), z: clipped(at.z) };
    const angles = { azimuth_heading: heading.azimuth, elevation_heading: heading.elevation };
    stream.wish(`place ${chosenRoom} ${person.id}`, () => send({ Command: "set_participant_position", ...ids, ...spot, ...angles }));
  }
}

function set(person: Person, room: Room, control: Control, value: number): void {
  const ids = { room_id: room.id, participant_id: person.id };
  stream.wish(`${control.name} ${room.id} ${person.id}`, () => send({ Command: "set_participant_state", ...ids, control_to_edit: control.name, value }));
}

/** Looks for our own call among those who came, and gives it ears. */
function findMyself(): void {
  if (before === undefined || ownNames.length === 0 || self !== undefined) {
    return;
  }
  self = myself(house, before, chosenRoom ?? -1, ownNames);
  const person = self && house.rooms.get(self.room)?.people.get(self.person);
  if (self === undefined || person === undefined) {
    return;
  }
  chosenRoom = self.room;
  chosenPerson = self.person;
  display.say(`You are in the room as ${called(person)}: ${whereabouts(layoutOf(chosen()), person)}.`);
  if ((person.states.get("IMM_CONTROL_MIXING_3D_ENABLE") ?? 0) === 0) {
    const ids = { room_id: self.room, participant_id: self.person };
    void send({ Command: "set_participant_state", ...ids, control_to_edit: "IMM_CONTROL_MIXING_3D_ENABLE", value: 1 });
  }
  show();
}

function chosen(): Room | undefined {
  return chosenRoom === undefined ? undefined : house.rooms.get(chosenRoom);
}

function layoutOf(room: Room | undefined): Layout | undefined {
  return plans.find(({ id }) => id === room?.layout);
}

function withPerson(act: (person: Person, room: Room) => void): void {
  const room = chosen();
  const person = chosenPerson === undefined ? undefined : room?.people.get(chosenPerson);
  if (room !== undefined && person !== undefined) {
    act(person, room);
  }
}

function show(): void {
  const room = chosen();
  const layout = layoutOf(room);
  if (chosenPerson !== undefined && room?.people.has(chosenPerson) !== true) {
    chosenPerson = undefined;
  }
  const own = self !== undefined && self.room === room?.id ? self.person : undefined;
  list.show(house.sorted(), plans, room);
  plan.show(room, layout, chosenPerson, own);
  panel.show(room, layout, chosenPerson, own === undefined ? undefined : room?.people.get(own));
  if (room !== undefined) {
    ear.propose(numberOf(room.name));
  }
}

part("rooms-retry", HTMLButtonElement).addEventListener("click", () => link.retryNow());
window.addEventListener("online", () => link.retryNow());
window.addEventListener("hashchange", () => {
  const room = wanted();
  if (room !== undefined && room !== chosenRoom) {
    choose(room);
  }
});

if (socket === "") {
  display.alarm("The Event Manager door is closed on this server, so there are no rooms to show.");
} else {
  const key = keyForm.begin(header, page["key"] ?? "");
  if (key !== undefined) {
    link.start(key);
  }
}
