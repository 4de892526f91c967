/** Everybody, every call and every place calls wait in, as the server tells of them. */
export class Office {
    extensions = new Map();
    users = new Map();
    segments = new Map();
    queues = new Map();
    lots = new Map();
    rooms = new Map();
    rights = new Map();
    /** Everything anew. Events that came since the server was asked may be applied once more afterwards, in their order. */
    furnish(said) {
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
    clear() {
        for (const one of [this.extensions, this.users, this.segments, this.queues, this.lots, this.rooms, this.rights]) {
            one.clear();
        }
    }
    /** The segments of an extension, oldest first. */
    ofExtension(extension) {
        return [...this.segments.values()].filter((one) => one.extension === extension);
    }
    /** Who rings this one. */
    diallers(segment) {
        return [...this.segments.values()].filter(({ dials }) => dials.has(segment));
    }
    /** The room it is in. */
    roomOf(segment) {
        return [...this.rooms.values()].find(({ members }) => members.has(segment));
    }
    queueOf(segment) {
        return [...this.queues.values()].find(({ waiting }) => waiting.has(segment));
    }
    lotOf(segment) {
        return [...this.lots.values()].find(({ parked }) => parked.has(segment));
    }
    take(happening) {
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
    #pair(happening) {
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
    #flag(kind, end) {
        const segment = this.#meet(end);
        if (kind === "hold" || kind === "holdEnd") {
            segment.held = kind === "hold";
        }
        else if (kind !== "callerId") {
            segment.recorded = kind === "recordStart";
        }
        return "changed";
    }
    #rest(happening) {
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
    #agent(kind, id, told) {
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
    #put(said) {
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
    #meet(end) {
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
    #gone(id) {
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
function known(found) {
    return found === undefined ? "ask" : "changed";
}
/** Those behind move up. */
function leave(queue, segment) {
    const place = queue?.waiting.get(segment);
    if (queue === undefined || place === undefined) {
        return;
    }
    queue.waiting.delete(segment);
    for (const other of queue.waiting.values()) {
        other.position -= other.position > place.position ? 1 : 0;
    }
}
