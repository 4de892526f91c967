/** Addresses as people type them and as the gateway wants them. */

/**
 * What to call for what was typed: `user@host` without a scheme, or `undefined` when it names nobody.
 * A number may be grouped as people group numbers.
 */
export function toCall(typed: string, ownDomain: string): string | undefined {
  const bare = typed.trim().replace(/^sips?:/i, "");
  const at = bare.lastIndexOf("@");
  let user = at < 0 ? bare : bare.slice(0, at);
  const host = at < 0 ? ownDomain : bare.slice(at + 1);
  if (/^\+?[\d\s().\-*#/]+$/.test(user)) {
    user = user.replace(/[\s().\-/]/g, "");
  }
  if (user === "" || !/^[^\s<>"@:]+$/.test(user) || !isHost(host)) {
    return undefined;
  }
  return `${user}@${host}`;
}

/** `user@host` for an account, or `undefined`. The user may have been typed with its domain. */
export function account(user: string, domain: string): string | undefined {
  return toCall(user, domain.trim());
}

/** Both halves of an address. */
export function halves(address: string): { user: string; host: string } {
  const at = address.lastIndexOf("@");
  return at < 0 ? { user: address, host: "" } : { user: address.slice(0, at), host: address.slice(at + 1) };
}

/** How to show somebody: the name if there is one, else the short form within the own domain. */
export function shown(address: string, displayName: string, ownDomain: string): string {
  const { user, host } = halves(address);
  const short = host === "" || host === ownDomain ? user : address;
  return displayName === "" || displayName === user ? short : `${displayName} (${short})`;
}

/** A name, an IPv4 address, or an IPv6 address in brackets; a port may follow. */
function isHost(host: string): boolean {
  return /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/.test(host);
}
