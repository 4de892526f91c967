/** Where things are in a room, seen from above: x to the right, z up the screen. Centimetres and degrees. */
/** Room around the outermost seat or person. */
const MARGIN = 70;
/** A plan shows at least so much. */
const LEAST = 320;
/** Coordinates are at most a kilometre (docs/spatial.md); further out nothing is drawn. */
const FARTHEST = 100_000;
const STEPS = {
    left: { x: -1, z: 0 },
    right: { x: 1, z: 0 },
    up: { x: 0, z: 1 },
    down: { x: 0, z: -1 },
};
/** The part of the floor that shows the centre, all seats and all people. */
export function boxOf(layout, people) {
    const all = [layout.centre, ...layout.seats, ...people].map(({ x, z }) => ({ x: within(x), z: within(z) }));
    const [left, right] = span(all.map(({ x }) => x));
    const [bottom, top] = span(all.map(({ z }) => z));
    return { left, top, width: right - left, height: top - bottom };
}
/** The number of the seat nearest to a spot, when it is within so many centimetres; 0: none is. */
export function seatAt(layout, x, z, reach) {
    let found = 0;
    let nearest = reach;
    for (const [index, seat] of layout.seats.entries()) {
        const distance = Math.hypot(seat.x - x, seat.z - z);
        if (distance <= nearest) {
            nearest = distance;
            found = index + 1;
        }
    }
    return found;
}
/**
 * The seat to go to from a spot in a direction: the nearest of those that lie more that way than aside, with what is
 * aside counted twice. 0: there is none.
 */
export function seatTowards(layout, from, direction) {
    const step = STEPS[direction];
    let found = 0;
    let nearest = Infinity;
    for (const [index, seat] of layout.seats.entries()) {
        const [x, z] = [seat.x - from.x, seat.z - from.z];
        const ahead = x * step.x + z * step.z;
        const aside = Math.abs(x * step.z) + Math.abs(z * step.x);
        if (ahead > 0 && ahead * 2 >= aside && ahead + 2 * aside < nearest) {
            nearest = ahead + 2 * aside;
            found = index + 1;
        }
    }
    return found;
}
/** A spot so many centimetres further. */
export function moved(from, direction, by) {
    const step = STEPS[direction];
    return { x: clipped(from.x + step.x * by), y: from.y, z: clipped(from.z + step.z * by) };
}
/** A whole number of centimetres a room can have. */
export function clipped(value) {
    return Math.round(within(value)) || 0;
}
/** The azimuth in which one spot sees another. */
export function azimuthTo(from, x, z) {
    return turned(Math.round((Math.atan2(x - from.x, z - from.z) * 180) / Math.PI), 0);
}
/** An azimuth turned to the right by so much. */
export function turned(azimuth, by) {
    const whole = (((azimuth + by + 180) % 360) + 360) % 360;
    return whole === 0 ? 180 : whole - 180;
}
/** From where a listener hears somebody, in words. */
export function heardFrom(listener, source) {
    const [x, y, z] = [source.x - listener.at.x, source.y - listener.at.y, source.z - listener.at.z];
    const metres = `${(Math.hypot(x, y, z) / 100).toFixed(1)} m`;
    if (x === 0 && z === 0) {
        return y === 0 ? "at the same place" : `${y > 0 ? "above" : "below"}, ${metres}`;
    }
    const angle = turned(azimuthTo(listener.at, source.x, source.z), -listener.heading.azimuth);
    const way = Math.abs(angle);
    const side = angle > 0 ? "right" : "left";
    if (way <= 15) {
        return `ahead, ${metres}`;
    }
    if (way >= 165) {
        return `behind, ${metres}`;
    }
    return way < 60 ? `ahead to the ${side}, ${metres}` : way <= 120 ? `to the ${side}, ${metres}` : `behind to the ${side}, ${metres}`;
}
function within(value) {
    return Math.max(-FARTHEST, Math.min(FARTHEST, value));
}
function span(values) {
    const [least, most] = [Math.min(...values) - MARGIN, Math.max(...values) + MARGIN];
    const missing = Math.max(0, LEAST - (most - least)) / 2;
    return [least - missing, most + missing];
}
