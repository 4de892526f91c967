/** One's own calls: legs of one's extensions, and whom they are with. */
import { called, isHeld } from "./words.js";
/** The calls of these extensions, oldest first. */
export function ownCalls(office, extensions) {
    return extensions.flatMap((extension) => office.ofExtension(extension)).map((own) => ownCall(office, own));
}
function ownCall(office, own) {
    const room = office.roomOf(own.id);
    if (room !== undefined) {
        return { own, other: undefined, stage: "room", whom: `conference ${room.name}`, since: undefined };
    }
    for (const [to, since] of own.links) {
        const other = office.segments.get(to);
        const whom = other === undefined ? "somebody" : called(other);
        return { own, other, stage: isHeld(office, own) ? "held" : "talking", whom, since };
    }
    const dialler = office.diallers(own.id)[0];
    if (dialler !== undefined) {
        return { own, other: dialler, stage: "incoming", whom: called(dialler), since: undefined };
    }
    for (const to of own.dials) {
        const other = office.segments.get(to);
        return { own, other, stage: "outgoing", whom: other === undefined ? "somebody" : called(other), since: undefined };
    }
    const queue = office.queueOf(own.id);
    if (queue !== undefined) {
        return { own, other: undefined, stage: "queue", whom: `queue ${queue.name}`, since: queue.waiting.get(own.id)?.since };
    }
    return { own, other: undefined, stage: "other", whom: called(own), since: undefined };
}
/** What can be sent to a person, queue, parking lot or conference; `undefined`: nothing of this call. */
export function movable(call) {
    return call.stage === "talking" || call.stage === "held" || call.stage === "incoming" ? call.other : undefined;
}
/** What has changed between two looks at one's calls, in words to be read out. */
export function changes(before, after) {
    const was = new Map(before.map((call) => [call.own.id, call]));
    const said = [];
    for (const call of after) {
        const old = was.get(call.own.id);
        was.delete(call.own.id);
        if (old?.stage !== call.stage || (call.stage === "talking" && old.other?.id !== call.other?.id)) {
            const words = ofStage(call);
            if (words !== undefined) {
                said.push(words);
            }
        }
    }
    for (const call of was.values()) {
        said.push(`The call with ${call.whom} has ended.`);
    }
    return said;
}
function ofStage(call) {
    switch (call.stage) {
        case "incoming":
            return `${call.whom} calls.`;
        case "outgoing":
            return `Calling ${call.whom}.`;
        case "talking":
            return `You talk with ${call.whom}.`;
        case "held":
            return `The call with ${call.whom} is on hold.`;
        case "room":
            return `You are in ${call.whom}.`;
        case "queue":
            return `You wait in ${call.whom}.`;
        case "other":
            return undefined;
    }
}
