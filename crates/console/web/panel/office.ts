/** Everybody, every call and every place calls wait in, as the server tells of them. */

import type {
  AgentSaid, AgentTold, Device, End, ExtensionSaid, Happening, LotSaid, ParkedSaid, QueueSaid, RoomSaid, SegmentSaid, Status, UserSaid,
  WaitingSaid,
} from "./wire.js";

export interface Extension {
  readonly id: string;
  number: string;
  name: string;
  user: string | undefined;
  device: Device;
  dnd: boolean;
}

export interface User {
  readonly id: string;
  username: string;
  name: string;
  status: Status | undefined;
}

export interface Segment {
  readonly id: string;
  name: string;
  number: string;
  extension: string | undefined;
  held: boolean;
  recorded: boolean;
  muted: boolean;
  /** Whom it talks with, and since when; `undefined`: since before we looked. */
  readonly links: Map<string, number | undefined>;
  /** Whom it rings. */
  readonly dials: Set<string>;
}

/** A call in a queue or a parking lot. */
export interface Resting {
  /** 1 is the next one of a queue. */
  position: number;
  slot: string;
  since: number | undefined;
}

export interface Queue extends QueueSaid {
  readonly agents: Map<string, AgentSaid>;
  readonly waiting: Map<string, Resting>;
}

export interface Lot extends LotSaid {
  readonly parked: Map<string, Resting>;
}

export interface Room extends RoomSaid {
  /** Segments in it. */
  readonly members: Set<string>;
}

/** Everything the Live API says. */
export interface Said {
  /** What may be done to extensions, queues, parking lots and conferences, by id. */
  rights: ReadonlyMap<string, ReadonlySet<string>>;
  extensions: ExtensionSaid[];
  users: UserSaid[];
  segments: SegmentSaid[];
  queues: (QueueSaid & { agents: AgentSaid[]; waiting: WaitingSaid[] })[];
  lots: (LotSaid & { parked: ParkedSaid[] })[];
  rooms: (RoomSaid & { members: SegmentSaid[] })[];
}

/** What has to be done about a happening. */
export type Consequence =
  /** It is shown as it is. */
  | "changed"
  /** It tells of something we have never heard of: everything has to be asked for. */
  | "ask";

export class Office {
  readonly extensions = new Map<string, Extension>();
  readonly users = new Map<string, User>();
  readonly segments = new Map<string, Segment>();
  readonly queues = new Map<string, Queue>();
  readonly lots = new Map<string, Lot>();
  readonly rooms = new Map<string, Room>();
  readonly rights = new Map<string, ReadonlySet<string>>();

  /** Everything anew. Events that came since the server was asked may be applied once more afterwards, in their order. */
  furnish(said: Said): void {
    const since = new Map([...this.segments.values()].flatMap(({ id, links }) => [...links].map(([to, time]) => [`${id} ${to}`, time])));
    this.clear();
    for (const [id, one] of said.rights) {
      this.rights.set(id, one);
    }
    for (const one of said.extensions) {
      this.extensions.set(one.id, { ...one });
    }
    for (const one of said.users) {
      this.users.set(one.id, { ...one });
    }
    for (const one of said.segments) {
      this.#put(one);
    }
    for (const queue of said.queues) {
      const waiting = new Map(queue.waiting.map(({ segment, position, since: from }) => [segment.id, { position, slot: "", since: from }]));
      const agents = new Map(queue.agents.map((one) => [one.id, { ...one }]));
      this.queues.set(queue.id, { id: queue.id, name: queue.name, number: queue.number, agents, waiting });
      queue.waiting.forEach(({ segment }) => this.#put(segment));
    }
    for (const lot of said.lots) {
      const parked = new Map(lot.parked.map(({ segment, slot, since: from }) => [segment.id, { position: 0, slot, since: from }]));
      this.lots.set(lot.id, { id: lot.id, name: lot.name, number: lot.number, parked });
      lot.parked.forEach(({ segment }) => this.#put(segment));
    }
    for (const room of said.rooms) {
      this.rooms.set(room.id, { id: room.id, name: room.name, number: room.number, members: new Set(room.members.map(({ id }) => id)) });
      room.members.forEach((segment) => this.#put(segment));
    }
    // What we saw begin is known to us also where the server does not say it.
    for (const { id, links } of this.segments.values()) {
      for (const [to, time] of links) {
        links.set(to, time ?? since.get(`${id} ${to}`));
      }
    }
  }

  clear(): void {
    for (const one of [this.extensions, this.users, this.segments, this.queues, this.lots, this.rooms, this.rights]) {
      one.clear();
    }
  }

  /** The segments of an extension, oldest first. */
  ofExtension(extension: string): Segment[] {
    return [...this.segments.values()].filter((one) => one.extension === extension);
  }

  /** Who rings this one. */
  diallers(segment: string): Segment[] {
    return [...this.segments.values()].filter(({ dials }) => dials.has(segment));
  }

  /** The room it is in. */
  roomOf(segment: string): Room | undefined {
    return [...this.rooms.values()].find(({ members }) => members.has(segment));
  }

  queueOf(segment: string): Queue | undefined {
    return [...this.queues.values()].find(({ waiting }) => waiting.has(segment));
  }

  lotOf(segment: string): Lot | undefined {
    return [...this.lots.values()].find(({ parked }) => parked.has(segment));
  }

  take(happening: Happening): Consequence {
    switch (happening.kind) {
      case "dial":
      case "dialEnd":
      case "link":
      case "linkEnd":
        return this.#pair(happening);
      case "hangup":
        this.#gone(happening.end.segment);
        return "changed";
      case "callerId":
      case "hold":
      case "holdEnd":
      case "recordStart":
      case "recordEnd":
        return this.#flag(happening.kind, happening.end);
      case "park":
      case "parkEnd":
      case "queueCallJoin":
      case "queueCallLeave":
      case "confRoomCallJoin":
      case "confRoomCallLeave":
      case "confRoomCallMute":
      case "confRoomCallUnmute":
        return this.#rest(happening);
      case "agentLogin":
      case "agentLogout":
      case "agentPause":
      case "agentUnpause":
      case "agentState":
      case "agentPenalty":
        return this.#agent(happening.kind, happening.queue, happening.agent);
      case "userStatus": {
        const user = this.users.get(happening.user);
        if (user !== undefined) {
          user.status = happening.status;
        }
        return known(user);
      }
      case "extensionDnd": {
        const extension = this.extensions.get(happening.extension);
        if (extension !== undefined) {
          extension.dnd = happening.on;
        }
        return known(extension);
      }
      case "extensionState": {
        const extension = this.extensions.get(happening.extension);
        if (extension !== undefined) {
          extension.device = happening.device;
        }
        return known(extension);
      }
    }
  }

  #pair(happening: Extract<Happening, { first: End }>): Consequence {
    const first = this.#meet(happening.first);
    const second = this.#meet(happening.second);
    switch (happening.kind) {
      case "dial":
        first.dials.add(second.id);
        break;
      case "dialEnd":
        first.dials.delete(second.id);
        break;
      case "link":
        first.links.set(second.id, happening.time);
        second.links.set(first.id, happening.time);
        break;
      case "linkEnd":
        first.links.delete(second.id);
        second.links.delete(first.id);
        break;
    }
    return "changed";
  }

  #flag(kind: "callerId" | "hold" | "holdEnd" | "recordStart" | "recordEnd", end: End): Consequence {
    const segment = this.#meet(end);
    if (kind === "hold" || kind === "holdEnd") {
      segment.held = kind === "hold";
    } else if (kind !== "callerId") {
      segment.recorded = kind === "recordStart";
    }
    return "changed";
  }

  #rest(happening: Extract<Happening, { lot: string } | { position: number } | { room: string }>): Consequence {
    const segment = this.#meet(happening.end);
    switch (happening.kind) {
      case "park": {
        const lot = this.lots.get(happening.lot);
        lot?.parked.set(segment.id, { position: 0, slot: happening.slot, since: happening.time });
        return known(lot);
      }
      case "parkEnd": {
        const lot = this.lots.get(happening.lot);
        lot?.parked.delete(segment.id);
        return known(lot);
      }
      case "queueCallJoin": {
        const queue = this.queues.get(happening.queue);
        leave(queue, segment.id);
        for (const other of queue?.waiting.values() ?? []) {
          other.position += other.position >= happening.position ? 1 : 0;
        }
        queue?.waiting.set(segment.id, { position: happening.position, slot: "", since: happening.time });
        return known(queue);
      }
      case "queueCallLeave": {
        const queue = this.queues.get(happening.queue);
        leave(queue, segment.id);
        return known(queue);
      }
      case "confRoomCallJoin": {
        const room = this.rooms.get(happening.room);
        room?.members.add(segment.id);
        return known(room);
      }
      case "confRoomCallLeave": {
        const room = this.rooms.get(happening.room);
        room?.members.delete(segment.id);
        return known(room);
      }
      case "confRoomCallMute":
      case "confRoomCallUnmute":
        segment.muted = happening.kind === "confRoomCallMute";
        return known(this.rooms.get(happening.room));
    }
  }

  #agent(kind: string, id: string, told: AgentTold): Consequence {
    const queue = this.queues.get(id);
    if (queue === undefined) {
      return "ask";
    }
    if (kind === "agentLogout") {
      queue.agents.delete(told.id);
      return "changed";
    }
    const before = queue.agents.get(told.id);
    const paused = told.paused ?? before?.paused ?? false;
    queue.agents.set(told.id, {
      id: told.id,
      name: told.name,
      device: told.device,
      extension: told.extension,
      paused,
      reason: paused ? (told.reason ?? before?.reason) : undefined,
      penalty: told.penalty ?? before?.penalty ?? 0,
    });
    // Whether it begins paused, and with which penalty, a login does not tell.
    return before === undefined ? "ask" : "changed";
  }

  /** A segment as the Live API has it. */
  #put(said: SegmentSaid): void {
    this.segments.set(said.id, {
      id: said.id,
      name: said.name,
      number: said.number,
      extension: said.extension,
      held: said.held,
      recorded: said.recorded,
      muted: said.muted,
      links: new Map(said.links.map(({ to, since }) => [to, since])),
      dials: new Set(said.dials),
    });
  }

  /** A segment as an event has it: every event may be the first that tells of it. */
  #meet(end: End): Segment {
    let segment = this.segments.get(end.segment);
    if (segment === undefined) {
      segment = {
        id: end.segment, name: end.name, number: end.number, extension: end.extension,
        held: false, recorded: false, muted: false, links: new Map(), dials: new Set(),
      };
      this.segments.set(end.segment, segment);
    }
    segment.name = end.name;
    segment.number = end.number;
    segment.extension = end.extension;
    return segment;
  }

  #gone(id: string): void {
    this.segments.delete(id);
    for (const { links, dials } of this.segments.values()) {
      links.delete(id);
      dials.delete(id);
    }
    for (const queue of this.queues.values()) {
      leave(queue, id);
    }
    for (const { parked } of this.lots.values()) {
      parked.delete(id);
    }
    for (const { members } of this.rooms.values()) {
      members.delete(id);
    }
  }
}

function known(found: object | undefined): Consequence {
  return found === undefined ? "ask" : "changed";
}

/** Those behind move up. */
function leave(queue: Queue | undefined, segment: string): void {
  const place = queue?.waiting.get(segment);
  if (queue === undefined || place === undefined) {
    return;
  }
  queue.waiting.delete(segment);
  for (const other of queue.waiting.values()) {
    other.position -= other.position > place.position ? 1 : 0;
  }
}
