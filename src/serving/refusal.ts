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

/** The kind of whatever was thrown: a failure of ours where it is no mistake of a client. */
export function refusalKindOf(error: unknown): RefusalKind {
  if (error instanceof Refusal) return error.kind;
  return error instanceof InputError ? "request" : "failure";
}
