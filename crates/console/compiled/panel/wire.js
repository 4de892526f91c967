/**
 * Messages of the Event API and resources of the Live API (docs/protocols/event-api.md), as the server speaks to its own
 * panel page: events are one JSON object per text frame, resources are JSON, ids are texts. Times are Unix milliseconds.
 *
 * What comes in is checked here and nowhere else; what is unknown is passed over.
 */
import { list, object, string, whole } from "../rooms/wire.js";
/** Asks for every event; each answer says that the connection lives. */
export function wish(correlation) {
    return JSON.stringify({ type: "filter", correlationId: correlation, filters: [] });
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
    const type = fields?.["type"];
    if (fields === undefined) {
        return undefined;
    }
    if (type === "success" || type === "error") {
        const error = type === "error" ? (string(fields["error"]) ?? "") : undefined;
        return { kind: "reply", reply: { correlation: whole(fields["correlationId"]), error } };
    }
    const time = whole(fields["time"]);
    const found = time === undefined ? undefined : happening(fields, time);
    return found && { kind: "event", happening: found };
}
function happening(fields, time) {
    const kind = fields["type"];
    switch (kind) {
        case "dial":
        case "dialEnd":
        case "link":
        case "linkEnd": {
            const first = end(fields, "1");
            const second = end(fields, "2");
            return first && second && { kind, time, first, second };
        }
        case "hangup":
        case "callerId":
        case "hold":
        case "holdEnd":
        case "recordStart":
        case "recordEnd": {
            const found = end(fields, "");
            return found && { kind, time, end: found };
        }
        case "park":
        case "parkEnd": {
            const found = end(fields, "");
            const lot = string(fields["parkingLotId"]);
            const slot = string(fields["slot"]) ?? "";
            if (found === undefined || lot === undefined) {
                return undefined;
            }
            return kind === "park" ? { kind, time, end: found, lot, slot } : { kind, time, end: found, lot };
        }
        case "queueCallJoin":
        case "queueCallLeave": {
            const found = end(fields, "");
            const queue = string(fields["queueId"]);
            const position = whole(fields["position"]);
            return found && queue !== undefined && position !== undefined ? { kind, time, end: found, queue, position } : undefined;
        }
        case "confRoomCallJoin":
        case "confRoomCallLeave":
        case "confRoomCallMute":
        case "confRoomCallUnmute": {
            const found = end(fields, "");
            const room = string(fields["conferenceRoomId"]);
            return found && room !== undefined ? { kind, time, end: found, room } : undefined;
        }
        default:
            return ofPeople(fields, time);
    }
}
function ofPeople(fields, time) {
    const kind = fields["type"];
    switch (kind) {
        case "agentLogin":
        case "agentLogout":
        case "agentPause":
        case "agentUnpause":
        case "agentState":
        case "agentPenalty": {
            const queue = string(fields["queueId"]);
            const agent = agentTold(fields);
            return agent && queue !== undefined ? { kind, time, queue, agent } : undefined;
        }
        case "userStatus": {
            const user = string(fields["userId"]);
            const said = status(fields);
            return said && user !== undefined ? { kind, time, user, status: said } : undefined;
        }
        case "extensionDnd": {
            const extension = string(fields["extensionId"]);
            const on = fields["enabled"];
            return extension !== undefined && typeof on === "boolean" ? { kind, time, extension, on } : undefined;
        }
        case "extensionState": {
            const extension = string(fields["extensionId"]);
            return extension === undefined ? undefined : { kind, time, extension, device: device(fields["state"]) };
        }
        default:
            return undefined;
    }
}
/** One leg of an event; of a pair, the one with this suffix. */
function end(fields, suffix) {
    const segment = string(fields[`callSegmentId${suffix}`]);
    return segment === undefined
        ? undefined
        : {
            segment,
            name: string(fields[`callerIdName${suffix}`]) ?? "",
            number: string(fields[`callerIdNumber${suffix}`]) ?? "",
            extension: string(fields[`extensionId${suffix}`]),
        };
}
function agentTold(fields) {
    const id = string(fields["agentId"]);
    return id === undefined
        ? undefined
        : {
            id,
            name: string(fields["agent"]) ?? "",
            device: device(fields["state"]),
            extension: string(fields["extensionId"]),
            paused: flag(fields["paused"]),
            reason: string(fields["pauseReason"]),
            penalty: whole(fields["penalty"]),
        };
}
const DEVICES = ["UNKNOWN", "NOT_INUSE", "INUSE", "BUSY", "INVALID", "UNAVAILABLE", "RINGING", "RINGINUSE", "ONHOLD"];
function device(value) {
    return typeof value === "string" && DEVICES.includes(value) ? value : "UNKNOWN";
}
function flag(value) {
    return typeof value === "boolean" ? value : undefined;
}
export function session(value) {
    const fields = object(value);
    const username = string(fields?.["username"]);
    const userId = string(fields?.["userId"]);
    const coreServer = string(object(fields?.["coreServer"])?.["id"]);
    if (fields === undefined || username === undefined || userId === undefined || coreServer === undefined) {
        return undefined;
    }
    const displayName = string(fields["displayName"]);
    const extensionIds = list(fields["extensionIds"]).flatMap((one) => string(one) ?? []);
    return {
        username,
        userId,
        coreServer,
        extensionIds,
        displayName: displayName === undefined || displayName === "" ? username : displayName,
        keepsCalls: fields["callHistory"] === true,
        rights: words(fields["rights"]),
        crm: crm(object(fields["crm"])),
        statuses: list(fields["statuses"]).flatMap((one) => offered(object(one)) ?? []),
    };
}
function offered(fields) {
    const name = string(fields?.["name"]);
    const type = string(fields?.["statusType"]);
    return name !== undefined && type !== undefined ? { name, type } : undefined;
}
function crm(fields) {
    const url = string(fields?.["url"]);
    const event = string(fields?.["event"]);
    const title = string(fields?.["title"]);
    return url !== undefined && event !== undefined && title !== undefined ? { url, event, title } : undefined;
}
/** What may be done to an extension, queue, parking lot or conference. */
export function rights(value) {
    const fields = object(value);
    const id = string(fields?.["id"]);
    return id === undefined ? undefined : { id, words: new Set(words(fields?.["rights"])) };
}
function words(value) {
    return list(value).flatMap((one) => string(one) ?? []);
}
export function extension(value) {
    const fields = object(value);
    const id = string(fields?.["id"]);
    const number = string(fields?.["extensionNumber"]);
    if (fields === undefined || id === undefined || number === undefined) {
        return undefined;
    }
    return {
        id,
        number,
        name: string(fields["displayName"]) ?? "",
        user: string(fields["userId"]),
        device: device(fields["state"]),
        dnd: fields["dnd"] === true,
    };
}
export function user(value) {
    const fields = object(value);
    const id = string(fields?.["id"]);
    const username = string(fields?.["userName"]);
    if (fields === undefined || id === undefined || username === undefined) {
        return undefined;
    }
    return { id, username, name: string(fields["displayedName"]) ?? "", status: status(object(fields["status"])) };
}
export function segment(value) {
    const fields = object(value);
    const id = string(fields?.["id"]);
    if (fields === undefined || id === undefined) {
        return undefined;
    }
    const callerId = object(fields["callerId"]);
    const links = list(fields["linkedTo"]).flatMap((one) => {
        const other = object(one);
        const to = string(other?.["id"]);
        return to === undefined ? [] : { to, since: whole(other?.["since"]) };
    });
    return {
        id,
        name: string(callerId?.["name"]) ?? "",
        number: string(callerId?.["number"]) ?? "",
        extension: string(fields["extensionId"]),
        held: fields["onHold"] === true,
        recorded: fields["recording"] === true,
        muted: fields["muted"] === true,
        incoming: fields["incoming"] === true,
        links,
        dials: list(fields["dialing"]).flatMap((one) => string(one) ?? []),
    };
}
/** A queue, parking lot or conference room: whatever has a name and a number. */
export function place(value) {
    const fields = object(value);
    const id = string(fields?.["id"]);
    if (fields === undefined || id === undefined) {
        return undefined;
    }
    const number = string(fields["identifier"]) ?? "";
    const name = string(fields["displayName"]) ?? string(fields["name"]) ?? "";
    return { id, number, name: name === "" ? number : name };
}
export function waiting(value) {
    const fields = object(value);
    const found = segment(value);
    const position = whole(fields?.["position"]);
    return found && position !== undefined ? { segment: found, position, since: whole(fields?.["since"]) } : undefined;
}
export function parked(value) {
    const fields = object(value);
    const found = segment(value);
    return found && { segment: found, slot: string(fields?.["slot"]) ?? "", since: whole(fields?.["since"]) };
}
export function agent(value) {
    const fields = object(value);
    const id = string(fields?.["id"]);
    if (fields === undefined || id === undefined) {
        return undefined;
    }
    return {
        id,
        name: string(fields["name"]) ?? "",
        device: device(fields["state"]),
        paused: fields["paused"] === true,
        reason: string(fields["pauseReason"]),
        penalty: whole(fields["penalty"]) ?? 0,
        extension: string(fields["extensionId"]),
    };
}
export function past(value) {
    const fields = object(value);
    if (fields === undefined || !Array.isArray(fields["calls"])) {
        return undefined;
    }
    const calls = fields["calls"].flatMap((one) => {
        const call = object(one);
        const id = string(call?.["id"]);
        return call === undefined || id === undefined
            ? []
            : {
                id,
                start: whole(call["start"]),
                answer: whole(call["answer"]),
                billedSeconds: whole(call["billedSeconds"]) ?? 0,
                name: string(call["callerIdName"]) ?? "",
                number: string(call["callerIdNumber"]) ?? "",
                destination: string(call["destination"]) ?? "",
                cause: string(call["hangupCause"]) ?? "",
                queue: string(call["queue"]) ?? "",
            };
    });
    return { calls, next: string(fields["next"]) };
}
/** Those of a list that can be read. */
export function all(value, one) {
    return list(value).flatMap((each) => one(each) ?? []);
}
function status(fields) {
    const type = string(fields?.["statusType"]);
    if (fields === undefined || type === undefined) {
        return undefined;
    }
    return { type, name: string(fields["name"]) ?? "", note: string(fields["note"]) ?? "", returns: whole(fields["returnTime"]) ?? -1 };
}
