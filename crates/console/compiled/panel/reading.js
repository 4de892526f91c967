/** Reads everything the Live API says of a core server. */
import { agent, all, extension, parked, place, rights, segment, user, waiting } from "./wire.js";
/** Everything, as of some moment since the call. What disappears between two requests is left out. */
export async function everything(get, coreServer) {
    const root = rootOf(coreServer);
    const [extensions, users, segments, queues, lots, rooms] = await Promise.all(["extensions", "users", "callSegments", "queues", "parkingLots", "conferences"].map((what) => get(`${root}/${what}`)));
    // Who may not see what is inside a place sees that it is there.
    const inside = async (path, one) => all(await orNothing(get(`${root}/${path}`)), one);
    return {
        rights: new Map([extensions, queues, lots, rooms].flatMap((things) => all(things, rights)).map((one) => [one.id, one.words])),
        extensions: all(extensions, extension),
        users: all(users, user),
        segments: all(segments, segment),
        queues: await Promise.all(all(queues, place).map(async (queue) => {
            const [agents, callers] = await Promise.all([
                inside(`queues/${queue.id}/agents`, agent),
                inside(`queues/${queue.id}/callSegments`, waiting),
            ]);
            return { ...queue, agents, waiting: callers };
        })),
        lots: await Promise.all(all(lots, place).map(async (lot) => ({ ...lot, parked: await inside(`parkingLots/${lot.id}/callSegments`, parked) }))),
        rooms: await Promise.all(all(rooms, place).map(async (room) => ({ ...room, members: await inside(`conferences/${room.id}/callSegments`, segment) }))),
    };
}
/** Where everything of a core server begins, below the Live API. */
export function rootOf(coreServer) {
    return `coreServers/${encodeURIComponent(coreServer)}`;
}
/** What was there a moment ago may be gone, or be nothing of ours any more. Anything else is a failure. */
async function orNothing(asked) {
    try {
        return await asked;
    }
    catch (error) {
        const { status } = error;
        if (status === 404 || status === 403) {
            return [];
        }
        throw error;
    }
}
