/** Why a call or a registration ended, in words for the person at the phone. */
const CALLS = {
    200: "Call ended.",
    401: "The server does not accept this account for calls (401). Sign in again.",
    403: "The server does not allow this call (403).",
    404: "There is nobody at this number (404).",
    407: "The server does not accept this account for calls (407). Sign in again.",
    408: "Nobody answered (408).",
    410: "This number is no longer in use (410).",
    480: "The other side cannot be reached at the moment (480).",
    484: "The number is not complete (484).",
    486: "The other side is busy (486).",
    487: "The call was cancelled.",
    488: "The two sides have no way of talking in common (488).",
    500: "The server could not make this call (500).",
    503: "The server cannot take calls at the moment (503).",
    600: "The other side is busy (600).",
    603: "The other side declined (603).",
    606: "The other side cannot take a call like this one (606).",
    904: "The server did not accept user and password (904).",
};
/** The number a reason leads with: a SIP status, or 904 for refused credentials. */
export function code(reason) {
    const found = /^\s*(\d{3})\b/.exec(reason);
    return found === null ? undefined : Number(found[1]);
}
/** A sentence for the reason a call ended with. */
export function ofCall(reason) {
    const number = code(reason);
    if (number === undefined) {
        return reason.trim() === "" ? "Call ended." : media(reason);
    }
    return CALLS[number] ?? `The call failed: ${reason.trim()}.`;
}
/** A sentence for the reason a registration failed with. */
export function ofRegistration(reason) {
    const number = code(reason);
    switch (number) {
        case 904:
        case 401:
        case 407:
            return "User or password is wrong.";
        case 403:
            return "The server does not allow this account (403).";
        case 404:
            return "The server does not know this user (404).";
        case 408:
            return "The server for this domain did not answer (408).";
        default:
            return reason.trim() === "" ? "Signing in failed." : `Signing in failed: ${reason.trim()}.`;
    }
}
/** What the list of calls says. */
export function ending(reason, outgoing, wasUp, endedHere) {
    if (wasUp) {
        return "ended";
    }
    if (endedHere) {
        return outgoing ? "cancelled" : "declined";
    }
    if (!outgoing) {
        return "missed";
    }
    return [486, 600, 603].includes(code(reason) ?? 0) ? "declined" : "failed";
}
function media(reason) {
    if (/^(ICE|DTLS)/.test(reason)) {
        return `The sound could not get through (${reason.trim()}). A firewall may be in the way.`;
    }
    return `The call failed: ${reason.trim().replace(/^Error: /, "")}.`;
}
