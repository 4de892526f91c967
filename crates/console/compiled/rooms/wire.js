/**
 * Messages of the Event Manager protocol, in the form the server always speaks to its own pages: one JSON object per
 * text frame, events with their values beside `values`, controls by number or name, ours among them.
 *
 * What comes in is checked here and nowhere else; what is unknown is passed over.
 */
/** The command as it is sent; the number comes back inside `Request`. */
export function written(command, seq) {
    return JSON.stringify({ ...command, seq });
}
/** The message, or `undefined` when it is none we know. */
export function read(text) {
    let parsed;
    try {
        parsed = JSON.parse(text);
    }
    catch {
        return undefined;
    }
    const fields = object(parsed);
    if (fields === undefined) {
        return undefined;
    }
    if (fields["Status"] !== undefined) {
        return reply(fields);
    }
    const found = happening(fields);
    return found && { kind: "event", happening: found };
}
/** The rooms of a reply to `get_all_rooms`, those that can be read. */
export function rooms(results) {
    return list(results["rooms"]).flatMap((one) => room(one) ?? []);
}
/** A room as replies have it. */
export function room(value) {
    const fields = object(value);
    const id = whole(fields?.["room_id"]);
    const layout = whole(fields?.["layout_id"]);
    if (fields === undefined || id === undefined || layout === undefined) {
        return undefined;
    }
    const people = list(fields["participants"]).flatMap((one) => person(one) ?? []);
    return { id, name: string(fields["name"]) ?? String(id), layout, people };
}
export function point(value) {
    const fields = object(value);
    const x = whole(fields?.["x"]);
    const y = whole(fields?.["y"]);
    const z = whole(fields?.["z"]);
    return x === undefined || y === undefined || z === undefined ? undefined : { x, y, z };
}
export function object(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}
export function list(value) {
    return Array.isArray(value) ? value : [];
}
export function string(value) {
    return typeof value === "string" ? value : undefined;
}
export function whole(value) {
    return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}
function reply(fields) {
    const seq = whole(object(fields["Request"])?.["seq"]);
    if (seq === undefined) {
        return undefined;
    }
    const failure = {
        code: whole(fields["Error Code"]) ?? 0,
        text: string(fields["Error Description"]) ?? "",
    };
    return { kind: "reply", seq, failure: fields["Status"] === "OK" ? undefined : failure, results: fields };
}
function happening(fields) {
    const room = whole(fields["room_id"]);
    const event = fields["Event"];
    if (room === undefined) {
        return undefined;
    }
    switch (event) {
        case "IMM_EVENT_CREATE_ROOM":
            return { kind: "opened", room };
        case "IMM_EVENT_DESTROY_ROOM":
            return { kind: "closed", room };
        case "IMM_EVENT_SET_ROOM_LAYOUT": {
            const layout = whole(fields["layout_id"]);
            return layout === undefined ? undefined : { kind: "layout", room, layout };
        }
        case "IMM_EVENT_SET_ALL_PARTICIPANTS_STATE": {
            const set = state(fields);
            return set && { kind: "all-states", room, ...set };
        }
        case "custom_event":
            return speaking(fields, room);
        default: {
            const person = whole(fields["participant_id"]);
            return person === undefined ? undefined : ofPerson(fields, room, person);
        }
    }
}
function ofPerson(fields, room, person) {
    switch (fields["Event"]) {
        case "IMM_EVENT_ADD_PARTICIPANT":
            return { kind: "came", room, person, name: string(fields["participant_name"]) ?? "", type: whole(fields["type"]) ?? 1 };
        case "IMM_EVENT_REMOVE_PARTICIPANT":
            return { kind: "left", room, person };
        case "IMM_EVENT_SET_PARTICIPANT_SEAT": {
            const found = place(fields["seat"]);
            return found && { kind: "placed", room, person, place: found };
        }
        case "IMM_EVENT_SET_PARTICIPANT_POSITION": {
            const at = point(fields["position"]);
            const faces = heading(fields["heading"]);
            return at && faces && { kind: "placed", room, person, place: { seat: -1, at, heading: faces } };
        }
        case "IMM_EVENT_SET_PARTICIPANT_STATE": {
            const set = state(fields);
            return set && { kind: "state", room, person, ...set };
        }
        case "IMM_EVENT_SET_NAME":
            return { kind: "renamed", room, person, name: string(fields["name"]) ?? "" };
        default:
            return undefined;
    }
}
/** Talking is told as a custom event, with the participant's id as a text. Anybody can send the like; ids say whom. */
function speaking(fields, room) {
    const { action, participant_id: id } = fields;
    const person = typeof id === "string" && /^-?\d{1,10}$/.test(id) ? Number(id) : whole(id);
    if (person === undefined || (action !== "start-talking" && action !== "stop-talking")) {
        return undefined;
    }
    return { kind: "speaking", room, person, speaks: action === "start-talking" };
}
function state(fields) {
    const control = whole(fields["control_to_edit"]) ?? string(fields["control_to_edit"]);
    const value = whole(fields["value"]);
    return control === undefined || value === undefined ? undefined : { control, value };
}
function person(value) {
    const fields = object(value);
    const id = whole(fields?.["participant_id"]);
    const found = place(fields?.["seat"]);
    if (fields === undefined || id === undefined || found === undefined) {
        return undefined;
    }
    const states = new Map();
    for (const [name, held] of Object.entries(object(fields["states"]) ?? {})) {
        const number = whole(held);
        if (number !== undefined) {
            states.set(name, number);
        }
    }
    return { id, name: string(fields["participant_name"]) ?? "", type: whole(fields["type"]) ?? 1, place: found, states };
}
function place(value) {
    const fields = object(value);
    const seat = whole(fields?.["id"]);
    const at = point(fields?.["position"]);
    const faces = heading(fields?.["heading"]);
    return seat === undefined || at === undefined || faces === undefined ? undefined : { seat, at, heading: faces };
}
function heading(value) {
    const fields = object(value);
    const azimuth = whole(fields?.["azimuth_heading"]);
    const elevation = whole(fields?.["elevation_heading"]);
    return azimuth === undefined || elevation === undefined ? undefined : { azimuth, elevation };
}
