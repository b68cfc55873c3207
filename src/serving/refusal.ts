import { InputError } from "../input-error.ts";

/** Why a robot got no answer, for counting: what came does not fit; what would have left must not; or there was too much at a time. */
export const refusalKinds = [
  "request",
  "stale",
  "limit",
  "not-finite",
  "rate",
  "queue",
  "idle",
  "key",
  "connections",
  "failure",
] as const;

export type RefusalKind = (typeof refusalKinds)[number];

/** A refusal of another kind than a request that does not fit. */
export class Refusal extends InputError {
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** Longer messages hold texts of a client's, and are cut. */
const longestTold = 1000;

/** A text in one line: characters that end lines, or steer a terminal, by their numbers, for it may be a client's. */
export function oneLine(text: string): string {
  const cut = text.length > longestTold ? `${text.slice(0, longestTold)}…` : text;
  const byNumber = (found: string) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return cut.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, byNumber);
}

/** What a client is told of an error, and what the log is: of one that is no mistake of the client, how it came about. */
export function toldOf(error: unknown): { readonly said: string; readonly why: string } {
  if (error instanceof InputError) return { said: oneLine(error.message), why: oneLine(error.message) };
  return {
    said: "the server failed; its log says how",
    why: String(error instanceof Error ? error.stack : error),
  };
}

/** The kind of whatever was thrown: a failure of ours where it is no mistake of a client. */
export function refusalKindOf(error: unknown): RefusalKind {
  if (error instanceof Refusal) return error.kind;
  return error instanceof InputError ? "request" : "failure";
}
