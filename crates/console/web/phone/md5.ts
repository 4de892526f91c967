/**
 * MD5 (RFC 1321). Digest authentication of existing SIP accounts is built on it, and WebCrypto has none.
 * It protects nothing else here.
 */

const SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;

/** The table T of RFC 1321 §3.4: the integer part of 4294967296 times abs(sin(i)). */
const TABLE = Uint32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32));

/** The digest as 32 lower-case hexadecimal digits. */
export function md5(message: Uint8Array): string {
  const words = padded(message);
  let a = 0x67452301;
  let b = 0xefcdab89;
  let c = 0x98badcfe;
  let d = 0x10325476;
  for (let block = 0; block < words.length; block += 16) {
    const before = [a, b, c, d] as const;
    for (let step = 0; step < 64; step++) {
      const round = step >> 4;
      const [mixed, word] = mix(round, step, b, c, d);
      const sum = (a + mixed + TABLE[step]! + words[block + word]!) | 0;
      const shift = SHIFTS[round]![step & 3]!;
      [a, b, c, d] = [d, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0, b, c];
    }
    a = (a + before[0]) | 0;
    b = (b + before[1]) | 0;
    c = (c + before[2]) | 0;
    d = (d + before[3]) | 0;
  }
  return [a, b, c, d].map(hex).join("");
}

/**
 * HA1 of digest authentication (RFC 2617 §3.2.2.2): what the gateway is given instead of the password.
 * It opens the account just as well, but only in this realm.
 */
export function ha1(user: string, realm: string, password: string): string {
  return md5(new TextEncoder().encode(`${user}:${realm}:${password}`));
}

/** The round's function and which word of the block it takes (RFC 1321 §3.4). */
function mix(round: number, step: number, b: number, c: number, d: number): [number, number] {
  switch (round) {
    case 0:
      return [(b & c) | (~b & d), step];
    case 1:
      return [(d & b) | (~d & c), (5 * step + 1) & 15];
    case 2:
      return [b ^ c ^ d, (3 * step + 5) & 15];
    default:
      return [c ^ (b | ~d), (7 * step) & 15];
  }
}

/** The message with its padding and length in bits, as little-endian words (RFC 1321 §3.1, §3.2). */
function padded(message: Uint8Array): Uint32Array {
  const blocks = Math.floor((message.length + 8) / 64) + 1;
  const bytes = new DataView(new ArrayBuffer(blocks * 64));
  message.forEach((byte, index) => bytes.setUint8(index, byte));
  bytes.setUint8(message.length, 0x80);
  bytes.setUint32(blocks * 64 - 8, (message.length << 3) >>> 0, true);
  bytes.setUint32(blocks * 64 - 4, Math.floor(message.length / 2 ** 29), true);
  return Uint32Array.from({ length: blocks * 16 }, (_, index) => bytes.getUint32(index * 4, true));
}

function hex(word: number): string {
  return [0, 8, 16, 24].map((shift) => ((word >>> shift) & 0xff).toString(16).padStart(2, "0")).join("");
}
