/** Who is on the line, from the events of one user (docs/protocols/event-api.md). */
import { properties } from "../panel/crm.js";
import { string, whole } from "../rooms/wire.js";
export const EMPTY = { stage: "none", segment: "", name: "", number: "", did: "", since: undefined };
/** What the address says: the panel has filled it in from the event for which it loaded the page. */
export function fromAddress(query) {
    const number = query.get("number") ?? "";
    const name = query.get("name") ?? "";
    const since = Number(query.get("since") ?? "");
    return {
        ...EMPTY,
        stage: number === "" && name === "" ? "none" : "talking",
        segment: query.get("call") ?? "",
        name,
        number,
        since: since > 0 ? since : undefined,
    };
}
/** The card after an event; the same one where the event is of no interest. */
export function after(card, event, userId) {
    const values = properties(event, userId);
    const since = whole(event["time"]);
    if (values === undefined) {
        return card;
    }
    const value = (name) => values.get(name) ?? "";
    const segment = value("callSegmentId");
    const isOwn = segment === card.segment;
    switch (string(event["type"])) {
        case "dial": {
            const stage = event["userId1"] === userId ? "calling" : "rings";
            // Who already talks is not interrupted by another call.
            return card.stage === "talking" || card.stage === "held" ? card : { ...told(value, segment), stage, since };
        }
        case "dialEnd":
            return isOwn && (card.stage === "rings" || card.stage === "calling") ? { ...card, stage: "ended", since } : card;
        case "link":
            return { ...told(value, segment), stage: "talking", since };
        case "hold":
        case "holdEnd":
            return isOwn && (card.stage === "talking" || card.stage === "held")
                ? { ...card, stage: event["type"] === "hold" ? "held" : "talking" }
                : card;
        case "linkEnd":
        case "hangup":
            return isOwn && card.stage !== "ended" ? { ...card, stage: "ended", since } : card;
        default:
            return card;
    }
}
function told(value, segment) {
    const did = value("otherDid") === "" ? value("did") : value("otherDid");
    return { ...EMPTY, segment, name: value("otherCallerIdName"), number: value("otherCallerIdNumber"), did };
}
export const WORDS = {
    none: "Nobody has called yet.",
    rings: "calls you",
    calling: "is being called",
    talking: "talks with you",
    held: "is on hold",
    ended: "The call has ended.",
};
