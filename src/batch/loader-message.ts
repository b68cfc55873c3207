import type { PlainError } from "../plain-error.ts";
import type { EncodedBatch } from "./batch.ts";
import type { BatchRequest } from "./maker.ts";

/** What the loader tells a worker. */
export type ToWorker =
  | { readonly kind: "make"; readonly id: number; readonly request: BatchRequest }
  | { readonly kind: "close" };

/** What a worker answers. */
export type FromWorker =
  | { readonly kind: "made"; readonly id: number; readonly batch: EncodedBatch }
  | { readonly kind: "failed"; readonly id: number; readonly error: PlainError };
