import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Who asks over HTTP, see `callerBy`. */
export function callerOf({ headers, socket }: IncomingMessage, apiKeys: readonly string[] | null): string | null {
  return callerBy({ authorization: headers.authorization, address: socket.remoteAddress }, apiKeys);
}

/**
 * Who asks: the number of the key that was sent, or the address where no keys are asked for; `null` for who has none of them.
 *
 * Keys are compared in constant time, and always all of them, so that answers do not tell how much of which key is right.
 */
export function callerBy(
  { authorization, address }: { readonly authorization: string | undefined; readonly address: string | undefined },
  apiKeys: readonly string[] | null,
): string | null {
  if (apiKeys === null) return address ?? "unknown";
  const given = Buffer.from(authorization ?? "");
  const found = apiKeys.map((key) => isSame(given, Buffer.from(`Api-Key ${key}`)));
  const at = found.indexOf(true);
  return at < 0 ? null : `key ${at + 1}`;
}

function isSame(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
