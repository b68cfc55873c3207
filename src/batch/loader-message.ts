import { InputError } from "../input-error.ts";
import type { EncodedBatch } from "./batch.ts";
import type { BatchRequest } from "./maker.ts";

/** What the loader tells a worker. */
export type ToWorker =
  | { readonly kind: "make"; readonly id: number; readonly request: BatchRequest }
  | { readonly kind: "close" };

/** What a worker answers. */
export type FromWorker =
  | { readonly kind: "made"; readonly id: number; readonly batch: EncodedBatch }
  | { readonly kind: "failed"; readonly id: number; readonly error: EncodedError };

/** An error as plain data: structured clone would drop its class, and with it whose mistake it is. */
export interface EncodedError {
  readonly isInput: boolean;
  readonly message: string;
}

export function encodeError(error: unknown): EncodedError {
  if (error instanceof InputError) return { isInput: true, message: error.message };
  return { isInput: false, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

export function decodeError({ isInput, message }: EncodedError): Error {
  return isInput ? new InputError(message) : new Error(`a loader's worker failed: ${message}`);
}
