/** Where a call can be sent: people, queues, parking lots, conferences, and numbers somebody types. */
import { nameOf } from "./words.js";
/** The member of a request that names it (event-api.md §7.3). */
export function body(target) {
    const member = { extension: "extensionId", queue: "queueId", lot: "parkingLotId", room: "conferenceRoomId", number: "destination" };
    return { [member[target.kind]]: target.id };
}
/** As an element carries it. */
export function written(target) {
    return `${target.kind} ${target.id}`;
}
export function read(text) {
    const [kind, id] = (text ?? "").split(" ", 2);
    if (id === undefined || id === "") {
        return undefined;
    }
    switch (kind) {
        case "extension":
        case "queue":
        case "lot":
        case "room":
            return { kind, id };
        default:
            return undefined;
    }
}
/** Everywhere a call can be sent whose words hold what was typed; what looks like a number is itself a place. */
export function found(office, typed, own = []) {
    const wanted = typed.trim().toLowerCase();
    const named = everywhere(office, own).filter(({ words }) => words.toLowerCase().includes(wanted));
    return isNumber(wanted) ? [...named, { target: { kind: "number", id: typed.trim() }, words: `The number ${typed.trim()}` }] : named;
}
/** What it is called. */
export function wordsFor(office, target) {
    return everywhere(office, []).find((one) => written(one.target) === written(target))?.words ?? target.id;
}
/** Dialled as it is. */
export function isNumber(text) {
    return /^\+?[*#\d]+$/.test(text);
}
function everywhere(office, own) {
    const numbered = (words, number) => (number === "" || words === number ? words : `${words}, ${number}`);
    const named = [];
    for (const extension of office.extensions.values()) {
        if (!own.includes(extension.id)) {
            const name = nameOf(extension, extension.user === undefined ? undefined : office.users.get(extension.user));
            named.push({ target: { kind: "extension", id: extension.id }, words: numbered(name, extension.number) });
        }
    }
    named.sort((a, b) => a.words.localeCompare(b.words, undefined, { numeric: true }));
    for (const { id, name, number } of office.queues.values()) {
        named.push({ target: { kind: "queue", id }, words: `Queue ${numbered(name, number)}` });
    }
    for (const { id, name } of office.lots.values()) {
        named.push({ target: { kind: "lot", id }, words: `Parking lot ${name}` });
    }
    for (const { id, name, number } of office.rooms.values()) {
        named.push({ target: { kind: "room", id }, words: `Conference ${numbered(name, number)}` });
    }
    return named;
}
