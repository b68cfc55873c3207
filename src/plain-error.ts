import { InputError } from "./input-error.ts";

/** An error as plain data: structured clone would drop its class, and with it whose mistake it is. */
export interface PlainError {
  readonly isInput: boolean;
  readonly message: string;
}

/** What can be said of an error: its words, and for a fault of the program where it came from. */
export function encodeError(error: unknown): PlainError {
  if (error instanceof InputError) return { isInput: true, message: error.message };
  return { isInput: false, message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/** @param who failed, for what is no mistake of the user's: "a loader's worker" */
export function decodeError({ isInput, message }: PlainError, who: string): Error {
  return isInput ? new InputError(message) : new Error(`${who} failed: ${message}`);
}
