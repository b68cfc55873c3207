import fc from "fast-check";
import { encodeMessage, type Message, type MessageValue } from "../../client/message.ts";

/** What a hostile or broken client does on a connection of its own. */
export type Attack =
  /** Sends a frame, after it has been told the metadata. */
  | { readonly kind: "frame"; readonly name: string; readonly data: Uint8Array | string }
  /** Writes bytes to the port, slowly or at once, and hangs up. */
  | { readonly kind: "raw"; readonly name: string; readonly parts: readonly Uint8Array[] };

/**
 * Attacks on a server whose messages look like this one.
 *
 * @param valid keys and values of a question that is answered
 * @param largest bytes of a message that the server takes
 */
export function attacks(valid: Message, largest: number): fc.Arbitrary<Attack> {
  const bytes = encodeMessage(valid);
  return fc.oneof(
    frame("random bytes", fc.uint8Array({ maxLength: 400 })),
    frame("cut short", cutShort(bytes)),
    frame("bytes turned", turned(bytes)),
    frame("a text", fc.string()),
    frame("deeper than allowed", fc.integer({ min: 17, max: 50_000 }).map(nest)),
    frame("a length that is not there", lyingLength()),
    frame("a value of another kind", otherValue(valid)),
    frame("keys that objects have", ownKeys(valid)),
    frame(
      "larger than allowed",
      fc.integer({ min: largest + 1, max: largest + 4096 }).map((size) => new Uint8Array(size)),
    ),
    raw(
      "no HTTP",
      fc.uint8Array({ minLength: 1, maxLength: 600 }).map((all) => [all]),
    ),
    raw(
      "a request without an end",
      requests().map((text) => pieces(text, 5)),
    ),
    raw(
      "a frame that breaks the WebSocket protocol",
      brokenFrame().map((all) => [ascii(upgrade), all]),
    ),
    raw(
      "a frame that is never finished",
      fc.constant([ascii(upgrade), Uint8Array.of(0x82, 0xfe, 0x40, 0, 1, 2, 3, 4, 9)]),
    ),
  );
}

function frame(name: string, data: fc.Arbitrary<Uint8Array | string>): fc.Arbitrary<Attack> {
  return data.map((found) => ({ kind: "frame", name, data: found }));
}

function raw(name: string, parts: fc.Arbitrary<readonly Uint8Array[]>): fc.Arbitrary<Attack> {
  return parts.map((found) => ({ kind: "raw", name, parts: found }));
}

function cutShort(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc.integer({ min: 0, max: bytes.length - 1 }).map((end) => bytes.slice(0, end));
}

/** Some bytes others; near the front, where names, kinds and sizes are, more often. */
function turned(bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.oneof(fc.nat({ max: Math.min(120, bytes.length - 1) }), fc.nat({ max: bytes.length - 1 }));
  const change = fc.tuple(place, fc.integer({ min: 0, max: 255 }));
  return fc.array(change, { minLength: 1, maxLength: 8 }).map((changes) => {
    const copy = bytes.slice();
    for (const [at, byte] of changes) copy[at] = byte;
    return copy;
  });
}

/** Lists within lists, as MessagePack writes a list of one. */
function nest(depth: number): Uint8Array {
  return new Uint8Array(depth).fill(0x91);
}

/** Arrays, maps, texts and bytes of MessagePack that say 2³² − 1, or far more than follows. */
function lyingLength(): fc.Arbitrary<Uint8Array> {
  const head = fc.constantFrom(0xdd, 0xdf, 0xdb, 0xc6, 0xc9);
  const size = fc.constantFrom([0xff, 0xff, 0xff, 0xff], [0x7f, 0xff, 0xff, 0xff], [0, 0x10, 0, 0]);
  const map = fc.constantFrom([], [0x81, 0xa1, 0x61]);
  return fc
    .tuple(map, head, size, fc.uint8Array({ maxLength: 8 }))
    .map(([start, kind, length, rest]) => Uint8Array.of(...start, kind, ...length, ...rest));
}

const cells = (dtype: string, shape: readonly number[], size: number): MessageValue => ({
  dtype,
  shape,
  bytes: new Uint8Array(size).fill(0xff),
});

/** Numbers that are none, shapes that lie, types of numpy that nobody reads, and whatever else JSON knows. */
const strangeValues: readonly MessageValue[] = [
  null,
  true,
  Number.NaN,
  1e308,
  "text",
  [],
  new Map(),
  new Map([["inner", 1]]),
  Uint8Array.of(1, 2, 3),
  cells("<f8", [2], 16),
  cells("<f4", [2], 8),
  cells("<f8", [2 ** 31, 2 ** 31], 8),
  cells("<f8", [0], 0),
  cells("|O8", [2], 16),
  cells("<c16", [1], 16),
  cells("|V4", [1], 4),
  cells("|u1", [1, 1, 3], 3),
  cells("|u1", [0, 0, 3], 0),
  cells("|u1", [3, 65_536, 65_536], 3),
  cells("|u1", [4, 4, 4], 64),
];

function otherValue(valid: Message): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(...valid.keys(), "reset", "time", "noise"), fc.constantFrom(...strangeValues))
    .map(([key, value]) => encodeMessage(new Map([...valid, [key, value]])));
}

function ownKeys(valid: Message): fc.Arbitrary<Uint8Array> {
  const names = fc.constantFrom("__proto__", "constructor", "toString", "__ndarray__", "__npgeneric__", "");
  return names.map((name) => encodeMessage(new Map<string, MessageValue>([...valid, [name, true]])));
}

const upgrade = [
  "GET / HTTP/1.1",
  "Host: robot",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "",
  "",
].join("\r\n");

function requests(): fc.Arbitrary<string> {
  return fc.constantFrom(
    "GET / HTTP/1.1\r\nHost: robot\r\nX-Long: ",
    `GET /${"a".repeat(20_000)} HTTP/1.1\r\n`,
    "POST / HTTP/1.1\r\nHost: robot\r\nContent-Length: 4294967296\r\n\r\n",
    "POST /metrics HTTP/1.1\r\nHost: robot\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    upgrade.replace("13", "99"),
    upgrade.replace("GET / ", "GET /?dataset=../../etc "),
    upgrade.replace("GET / ", "GET /?seed=-1 "),
  );
}

/** Control frames that are too long, reserved bits, unknown kinds, frames that are not masked. */
function brokenFrame(): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    fc.constantFrom(
      Uint8Array.of(0x89, 0xfe, 1, 0, 0, 0, 0, 0),
      Uint8Array.of(0xf2, 0x80, 0, 0, 0, 0),
      Uint8Array.of(0x82, 0x05, 1, 2, 3, 4, 5),
      Uint8Array.of(0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0),
      Uint8Array.of(0x88, 0x82, 0, 0, 0, 0, 0, 1),
      Uint8Array.of(0x80, 0x80, 0, 0, 0, 0),
    ),
    fc.uint8Array({ minLength: 2, maxLength: 64 }),
  );
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function pieces(text: string, count: number): Uint8Array[] {
  const all = ascii(text);
  const size = Math.ceil(all.length / count);
  return Array.from({ length: count }, (_, at) => all.subarray(at * size, (at + 1) * size));
}
