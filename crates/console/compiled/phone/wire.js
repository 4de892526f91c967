/**
 * Messages of the web gateway, subprotocol `sylkRTC-2`: one JSON object per text frame.
 *
 * What comes in is checked here and nowhere else. A field that is `null` counts as missing; what is unknown
 * is passed over, because the protocol grows by additions.
 */
export const SUBPROTOCOL = "sylkRTC-2";
export const NO_HELPERS = { servers: [], seconds: undefined };
const REGISTRATION_STATES = ["registering", "registered", "failed"];
const SESSION_STATES = [
    "progress",
    "ringing",
    "proceeding",
    "early-media",
    "accepted",
    "established",
    "terminated",
];
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
    switch (fields?.["sylkrtc"]) {
        case "ready-event":
            return { kind: "ready" };
        case "ack":
            return ack(fields);
        case "error":
            return failure(fields);
        case "account-event":
            return accountEvent(fields);
        case "session-event":
            return sessionEvent(fields);
        default:
            return undefined;
    }
}
/** The request as it is sent. */
export function written(request, transaction) {
    return JSON.stringify({ ...request, transaction });
}
function ack(fields) {
    const transaction = string(fields["transaction"]);
    if (transaction === undefined) {
        return undefined;
    }
    const resumeToken = string(fields["resume_token"]);
    return { kind: "ack", transaction, ack: { resumeToken, resumed: fields["resumed"] === true } };
}
function failure(fields) {
    const transaction = string(fields["transaction"]);
    if (transaction === undefined) {
        return undefined;
    }
    return { kind: "error", transaction, error: string(fields["error"]) ?? "unknown error" };
}
function accountEvent(fields) {
    const account = string(fields["account"]);
    if (account === undefined) {
        return undefined;
    }
    switch (fields["event"]) {
        case "registration-state": {
            const state = oneOf(REGISTRATION_STATES, fields["state"]);
            const reason = string(fields["reason"]) ?? "";
            return state && { kind: "registration", account, state, reason, helpers: helpers(fields) };
        }
        case "incoming-session": {
            const session = string(fields["session"]);
            const from = party(fields["originator"]);
            const sdp = string(fields["sdp"]);
            if (session === undefined || from === undefined || sdp === undefined) {
                return undefined;
            }
            return { kind: "incoming", account, session, from, sdp };
        }
        case "missed-session": {
            const from = party(fields["originator"]);
            return from && { kind: "missed", account, from };
        }
        default:
            return undefined;
    }
}
function sessionEvent(fields) {
    const session = string(fields["session"]);
    if (session === undefined) {
        return undefined;
    }
    const sdp = string(fields["sdp"]);
    const reason = string(fields["reason"]) ?? "";
    switch (fields["event"]) {
        case "state": {
            const state = oneOf(SESSION_STATES, fields["state"]);
            return state && { kind: "state", session, state, sdp, reason };
        }
        case "update":
            switch (fields["state"]) {
                case "received":
                case "accepted":
                    return sdp === undefined ? undefined : { kind: "update", session, state: fields["state"], sdp };
                case "failed":
                    return { kind: "update", session, state: "failed", reason };
                default:
                    return undefined;
            }
        default:
            return undefined;
    }
}
/** What the browser would not take is left out: with one of those it makes no connection at all. */
function helpers(fields) {
    const list = fields["ice_servers"];
    if (!Array.isArray(list)) {
        return NO_HELPERS;
    }
    const servers = list.map(iceServer).filter((server) => server !== undefined);
    const seconds = fields["ice_servers_ttl"];
    return { servers, seconds: typeof seconds === "number" && seconds > 0 ? seconds : undefined };
}
function iceServer(value) {
    const fields = object(value);
    const urls = fields?.["urls"];
    if (!Array.isArray(urls) || urls.length === 0 || !urls.every((url) => typeof url === "string")) {
        return undefined;
    }
    const username = string(fields?.["username"]);
    const credential = string(fields?.["credential"]);
    if (username !== undefined && credential !== undefined) {
        return { urls, username, credential };
    }
    return urls.some((url) => url.startsWith("turn")) ? undefined : { urls };
}
function party(value) {
    const fields = object(value);
    const uri = string(fields?.["uri"]);
    return uri === undefined ? undefined : { uri, displayName: string(fields?.["display_name"]) ?? "" };
}
function object(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}
function string(value) {
    return typeof value === "string" ? value : undefined;
}
function oneOf(known, value) {
    return known.find((candidate) => candidate === value);
}
