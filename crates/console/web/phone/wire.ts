/**
 * Messages of the web gateway, subprotocol `sylkRTC-2`: one JSON object per text frame.
 *
 * What comes in is checked here and nowhere else. A field that is `null` counts as missing; what is unknown
 * is passed over, because the protocol grows by additions.
 */

export const SUBPROTOCOL = "sylkRTC-2";

/** One ICE candidate as the browser made it; an empty list of them means there are no more. */
export interface Candidate {
  candidate: string;
  sdpMid: string | null;
  sdpMLineIndex: number | null;
}

/** A request, without its transaction. */
export type Request =
  | { sylkrtc: "ping" }
  | { sylkrtc: "account-add"; account: string; password: string; display_name?: string; user_agent?: string; previous_session_token?: string }
  | { sylkrtc: "account-remove" | "account-register" | "account-unregister"; account: string }
  | { sylkrtc: "session-create"; account: string; session: string; uri: string; sdp: string }
  | { sylkrtc: "session-answer" | "session-update"; session: string; sdp: string }
  | { sylkrtc: "session-trickle"; session: string; candidates: Candidate[] }
  | { sylkrtc: "session-terminate"; session: string }
  | { sylkrtc: "session-dtmf-info"; session: string; digit: string; duration?: number };

/** Somebody. */
export interface Party {
  uri: string;
  displayName: string;
}

export type RegistrationState = "registering" | "registered" | "failed";

export type SessionState =
  | "progress"
  | "ringing"
  | "proceeding"
  | "early-media"
  | "accepted"
  | "established"
  | "terminated";

/** What a request was answered with. */
export interface Ack {
  resumeToken: string | undefined;
  /** Calls of an earlier connection go on. */
  resumed: boolean;
}

/** Servers that help calls through networks, for an account that is registered. */
export interface Helpers {
  servers: readonly RTCIceServer[];
  /** How long their passwords are good; `undefined`: for ever. */
  seconds: number | undefined;
}

export const NO_HELPERS: Helpers = { servers: [], seconds: undefined };

export type Message =
  | { kind: "ready" }
  | { kind: "ack"; transaction: string; ack: Ack }
  | { kind: "error"; transaction: string; error: string }
  | { kind: "registration"; account: string; state: RegistrationState; reason: string; helpers: Helpers }
  | { kind: "incoming"; account: string; session: string; from: Party; sdp: string }
  | { kind: "missed"; account: string; from: Party }
  | { kind: "state"; session: string; state: SessionState; sdp: string | undefined; reason: string }
  | { kind: "update"; session: string; state: "received" | "accepted"; sdp: string }
  | { kind: "update"; session: string; state: "failed"; reason: string };

const REGISTRATION_STATES: readonly RegistrationState[] = ["registering", "registered", "failed"];
const SESSION_STATES: readonly SessionState[] = [
  "progress",
  "ringing",
  "proceeding",
  "early-media",
  "accepted",
  "established",
  "terminated",
];

type Fields = Record<string, unknown>;

/** The message, or `undefined` when it is none we know. */
export function read(text: string): Message | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
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
export function written(request: Request, transaction: string): string {
  return JSON.stringify({ ...request, transaction });
}

function ack(fields: Fields): Message | undefined {
  const transaction = string(fields["transaction"]);
  if (transaction === undefined) {
    return undefined;
  }
  const resumeToken = string(fields["resume_token"]);
  return { kind: "ack", transaction, ack: { resumeToken, resumed: fields["resumed"] === true } };
}

function failure(fields: Fields): Message | undefined {
  const transaction = string(fields["transaction"]);
  if (transaction === undefined) {
    return undefined;
  }
  return { kind: "error", transaction, error: string(fields["error"]) ?? "unknown error" };
}

function accountEvent(fields: Fields): Message | undefined {
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

function sessionEvent(fields: Fields): Message | undefined {
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
function helpers(fields: Fields): Helpers {
  const list = fields["ice_servers"];
  if (!Array.isArray(list)) {
    return NO_HELPERS;
  }
  const servers = list.map(iceServer).filter((server) => server !== undefined);
  const seconds = fields["ice_servers_ttl"];
  return { servers, seconds: typeof seconds === "number" && seconds > 0 ? seconds : undefined };
}

function iceServer(value: unknown): RTCIceServer | undefined {
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

function party(value: unknown): Party | undefined {
  const fields = object(value);
  const uri = string(fields?.["uri"]);
  return uri === undefined ? undefined : { uri, displayName: string(fields?.["display_name"]) ?? "" };
}

function object(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function string(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function oneOf<T extends string>(known: readonly T[], value: unknown): T | undefined {
  return known.find((candidate) => candidate === value);
}
