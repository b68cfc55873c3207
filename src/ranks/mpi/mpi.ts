import type { Cells } from "../link.ts";
import type { Dialect, Handle } from "./dialect.ts";
import type { MpiLibrary } from "./library.ts";

type Foreign = (...values: (Handle | Cells | null)[]) => number;

/** This thread and no other calls MPI. */
const threadFunneled = 1;
const longestError = 512;

/** The calls of MPI that are in use; every error names the call. */
export class Mpi {
  readonly version: string;
  readonly dialect: Dialect;
  readonly #foreign: ReadonlyMap<string, Foreign>;

  constructor({ library, version, dialect }: MpiLibrary) {
    this.version = version;
    this.dialect = dialect;
    this.#foreign = new Map(
      Object.entries(parametersOf(dialect)).map(([name, parameters]) => [name, library.func(name, "int", parameters)]),
    );
  }

  /** Joins the other processes. From here on this one has to end by `finalize` or `abort`. */
  start(): { readonly rank: number; readonly size: number } {
    const [provided, rank, size] = [new Int32Array(1), new Int32Array(1), new Int32Array(1)];
    const { world, errorsReturn } = this.dialect;
    this.#call("MPI_Init_thread", null, null, threadFunneled, provided);
    this.#call("MPI_Comm_set_errhandler", world, errorsReturn);
    this.#call("MPI_Comm_rank", world, rank);
    this.#call("MPI_Comm_size", world, size);
    return { rank: rank[0]!, size: size[0]! };
  }

  /** Begins to send bytes; their end is asked for by `request`. The memory must stay as it is until then. */
  send(bytes: Cells, to: number, tag: number, request: Cells): void {
    const { byte, world } = this.dialect;
    this.#call("MPI_Isend", bytes, bytes.byteLength, byte, to, tag, world, request);
  }

  /** Begins to receive bytes; see `send`. */
  receive(out: Cells, from: number, tag: number, request: Cells): void {
    const { byte, world } = this.dialect;
    this.#call("MPI_Irecv", out, out.byteLength, byte, from, tag, world, request);
  }

  /**
   * Lets messages move on, and fills `out` with the places of requests that have come to their end.
   *
   * @returns how many have
   */
  test(requests: Cells, count: number, out: Int32Array): number {
    const found = new Int32Array(1);
    this.#call("MPI_Testsome", count, requests, found, out, this.dialect.ignoredStatuses);
    return Math.max(found[0]!, 0);
  }

  /** Adds values to those in `out`, cell by cell, in float32. */
  add(out: Float32Array, values: Float32Array): void {
    this.#call("MPI_Reduce_local", values, out, out.length, this.dialect.float, this.dialect.sum);
  }

  /** The sum over ranks in whatever order MPI chooses, waited for: what others use, to compare with. */
  allReduce(out: Float32Array | Float64Array): void {
    const { float, double, sum, world, inPlace } = this.dialect;
    const type = out instanceof Float64Array ? double : float;
    this.#call("MPI_Allreduce", inPlace, out, out.length, type, sum, world);
  }

  /** Ends the processes of all ranks. */
  abort(status: number): void {
    this.#call("MPI_Abort", this.dialect.world, status);
  }

  finalize(): void {
    this.#call("MPI_Finalize");
  }

  #call(name: keyof ReturnType<typeof parametersOf>, ...values: (Handle | Cells | null)[]): void {
    const status = this.#foreign.get(name)!(...values);
    if (status !== 0) throw new Error(`${name} (${this.version}): ${this.#message(status)}`);
  }

  #message(status: number): string {
    const [text, length] = [Buffer.alloc(longestError), new Int32Array(1)];
    this.#foreign.get("MPI_Error_string")!(status, text, length);
    return text.toString("utf8", 0, length[0]);
  }
}

/** All return a status, 0 where it went well. */
function parametersOf({ handleType: handle }: Dialect) {
  const transfer = ["void *", "int", handle, "int", "int", handle, "void *"];
  return {
    MPI_Init_thread: ["void *", "void *", "int", "void *"],
    MPI_Comm_set_errhandler: [handle, handle],
    MPI_Comm_rank: [handle, "void *"],
    MPI_Comm_size: [handle, "void *"],
    MPI_Isend: transfer,
    MPI_Irecv: transfer,
    MPI_Testsome: ["int", "void *", "void *", "void *", "void *"],
    MPI_Reduce_local: ["void *", "void *", "int", handle, handle],
    MPI_Allreduce: ["void *", "void *", "int", handle, handle, handle],
    MPI_Error_string: ["int", "void *", "void *"],
    MPI_Abort: [handle, "int"],
    MPI_Finalize: [],
  };
}
