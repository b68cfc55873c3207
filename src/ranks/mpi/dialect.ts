import type { LibraryHandle } from "koffi";

/** What MPI's names stand for: addresses of symbols in Open MPI, integers in MPICH. */
export type Handle = bigint | number;

/**
 * How one implementation of MPI says what the standard leaves open.
 *
 * The two agree on the calls, on tags and on the order of messages, and on nothing that is written here.
 */
export interface Dialect {
  /** C type of communicators, types, operations and error handlers. */
  readonly handleType: "void *" | "int";
  readonly world: Handle;
  readonly byte: Handle;
  readonly float: Handle;
  readonly double: Handle;
  readonly sum: Handle;
  readonly errorsReturn: Handle;
  /** In the place of a buffer: what is there already. */
  readonly inPlace: bigint;
  /** In the place of statuses: nobody asks. */
  readonly ignoredStatuses: bigint | null;
  /** Storage for so many requests. */
  requests(capacity: number): BigUint64Array | Int32Array;
}

/** Makes the dialect of a library that has been opened. */
export type MakeDialect = (library: LibraryHandle) => Dialect;
