import { InputError } from "../../input-error.ts";

/** Where in a value that is sent in pieces a piece stands. @source LeRobot `transport/services.proto`, `TransferState` */
const transferStates = { begin: 1, middle: 2, end: 3 } as const;

/** A piece of a value that is too large for one message. */
export interface TransferPiece {
  readonly transferState: number;
  readonly data: Uint8Array;
}

/** A value that comes in pieces, up to a bound. */
export class Transfer {
  readonly #most: number;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * The whole value at its last piece, `null` before.
   *
   * A first piece begins anew. A value of one piece is sent as the last.
   *
   * @throws InputError where it is longer than it may be, or a piece says no place
   */
  add({ transferState, data }: TransferPiece): Uint8Array | null {
    if (transferState === transferStates.begin) {
      this.#pieces = [];
      this.#length = 0;
    }
    if (!Object.values<number>(transferStates).includes(transferState))
      throw new InputError(`observation: expected a piece at its begin, middle or end, got state ${transferState}`);
    this.#length += data.length;
    if (this.#length > this.#most)
      throw new InputError(`observation: expected at most ${this.#most} bytes, got more; send smaller pictures`);
    this.#pieces.push(data);
    return transferState === transferStates.end ? Buffer.concat(this.#pieces) : null;
  }
}
