import { RequestRefused } from "../refused.ts";
import type { SourceFolders } from "../source.ts";

/** What an endpoint is asked. */
export interface ApiRequest {
  readonly sources: SourceFolders;
  /** What stands in the place of `:run` in the path, decoded. @throws RangeError where the path has no such part */
  parameter(name: string): string;
  readonly query: URLSearchParams;
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

/** One event of a stream, as server-sent events carry it. */
export interface SentEvent {
  readonly name: string;
  readonly value: object;
}

/** What an endpoint answers. */
export type ApiAnswer =
  | { readonly kind: "json"; readonly value: object }
  /** A picture, say, with its media type. */
  | { readonly kind: "bytes"; readonly type: string; readonly bytes: Uint8Array }
  /** Goes on until nobody listens. */
  | { readonly kind: "events"; readonly events: AsyncIterable<SentEvent> };

/** One address below `/api`: everything that a view shows comes from one. */
export interface Endpoint {
  /** `/api/runs/:run/events`; a part in place of `:run` may hold encoded slashes. */
  readonly path: string;
  readonly summary: string;
  /** @throws RequestRefused, or InputError for what cannot be read */
  answer(request: ApiRequest): Promise<ApiAnswer>;
}

/** What an address gives for the parts of an endpoint's path that vary; `null` where it is another's. */
export function matchPath(path: string, address: string): ReadonlyMap<string, string> | null {
  const [pattern, parts] = [path.split("/"), address.split("/")];
  if (pattern.length !== parts.length) return null;
  const found = new Map<string, string>();
  for (const [at, part] of pattern.entries()) {
    const given = parts[at]!;
    if (part.startsWith(":")) found.set(part.slice(1), decoded(given));
    else if (part !== given) return null;
  }
  return found;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new RequestRefused(400, `expected an address in percent-encoded UTF-8, got ${JSON.stringify(part)}`);
  }
}
