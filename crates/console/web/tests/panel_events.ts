/** Events of the Event API, constructed after event-api.md §5. */

export const SERVER = "3f0c2a8a-9d0b-4c0e-8f5d-0d5b7c1e2a90";

/** A leg as `hangup` has it (event-api.md §5.1); with a suffix, as one of a pair. */
export function leg(segmentId: string, name: string, number: string, extensionId: string | null, suffix = ""): object {
  const fields = {
    callSegmentId: segmentId, callerIdName: name, callerIdNumber: number, did: null,
    extensionId, extensionNumber: extensionId === null ? null : number, userId: null, username: null,
  };
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [`${key}${suffix}`, value]));
}

export function event(type: string, time: number, ...fields: object[]): string {
  return JSON.stringify(Object.assign({ coreServerId: SERVER, time, type }, ...fields));
}
