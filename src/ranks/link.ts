/** Memory that travels between ranks. */
export type Cells = ArrayBufferView;

/**
 * Messages between the processes of a job: what `World` is made of. Implementations: `local.ts`, `mpi/mpi-link.ts`.
 *
 * Messages of one sender, receiver and tag arrive in the order in which they were sent. Tags go from 0 to `lastTag`.
 */
export interface Link {
  readonly rank: number;
  readonly size: number;
  /** Sends a copy of the values; until the promise settles nobody may change them. */
  send(to: number, tag: number, values: Cells): Promise<void>;
  /** Receives a message of exactly the size of `out`; until the promise settles nobody may touch it. */
  receive(from: number, tag: number, out: Cells): Promise<void>;
  /** Adds values to those in `out`, cell by cell, in float32. */
  add(out: Float32Array, values: Float32Array): void;
  /** Ends the processes of all ranks, with a message and an exit status. */
  abort(message: string, status: number): never;
  /** Takes leave of the other ranks, which do the same; then the process may end. */
  close(): void;
}

/** Exit status of a job that may be started again from its last checkpoint. @source sysexits.h, EX_TEMPFAIL */
export const temporaryFailure = 75;

/** Every implementation of MPI has tags up to this one. */
export const lastTag = 32_767;

export function bytesOf({ buffer, byteOffset, byteLength }: Cells): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

export function addInto(out: Float32Array, values: Float32Array): void {
  for (let at = 0; at < out.length; at++) out[at]! += values[at]!;
}
