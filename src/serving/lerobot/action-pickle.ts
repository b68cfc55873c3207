import { writeStorage } from "./storage.ts";

/** An action for one time step of the robot. */
export interface TimedAction {
  /** When it is meant to be carried out, in seconds since 1970 by the robot's clock. */
  readonly timestamp: number;
  readonly timestep: number;
  readonly action: readonly number[];
}

/** Any digits: torch tells the storages of one file apart by them, and ours has one. */
const storageKey = "0";

/**
 * The pickle that LeRobot's client reads actions from: a list of `TimedAction`, each with a tensor of float32.
 *
 * Byte for byte what Python's pickler writes under protocol 4, but for the digits of torch's keys, and but for frames, of which there is one.
 */
export function writeActions(actions: readonly TimedAction[]): Buffer {
  const body = new PickleWriter();
  body.raw("]\x94");
  body.remember();
  if (actions.length > 1) body.raw("(");
  for (const action of actions) writeAction(body, action);
  if (actions.length > 0) body.raw(actions.length > 1 ? "e" : "a");
  body.raw(".");
  const frame = new PickleWriter();
  frame.raw("\x80\x04\x95");
  frame.length64(body.length);
  return Buffer.concat([frame.bytes(), body.bytes()]);
}

function writeAction(out: PickleWriter, { timestamp, timestep, action }: TimedAction): void {
  out.name("lerobot.async_inference.helpers", "TimedAction");
  out.raw(")\x81\x94}\x94(");
  out.remember(2);
  out.text("timestamp");
  out.float(timestamp);
  out.text("timestep");
  out.integer(timestep);
  out.text("action");
  writeTensor(out, Float32Array.from(action));
  out.raw("ub");
}

/** Storage, offset, shape, strides, that no gradient is wanted, and no hooks. */
function writeTensor(out: PickleWriter, cells: Float32Array): void {
  out.name("torch._utils", "_rebuild_tensor_v2");
  out.raw("(");
  out.name("torch.storage", "_load_from_bytes");
  out.binary(writeStorage(cells, storageKey));
  out.raw("\x85\x94R\x94K\x00");
  out.integer(cells.length);
  out.raw("\x85\x94K\x01\x85\x94\x89");
  out.remember(4);
  out.name("collections", "OrderedDict");
  out.raw(")R\x94t\x94R\x94");
  out.remember(3);
}

/** Bytes of a pickle; a text or a name that was written before is taken from the memo. */
class PickleWriter {
  readonly #parts: Buffer[] = [];
  readonly #memo = new Map<string, number>();
  #memoized = 0;

  get length(): number {
    return this.#parts.reduce((sum, part) => sum + part.length, 0);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  /** One byte for each character. */
  raw(opcodes: string): void {
    this.#parts.push(Buffer.from(opcodes, "latin1"));
  }

  /** So many values were memoized by what was written last. */
  remember(count = 1): void {
    this.#memoized += count;
  }

  text(value: string): void {
    if (this.#recalls(value)) return;
    this.raw(`\x8c${String.fromCharCode(value.length)}${value}\x94`);
    this.#memo.set(value, this.#memoized++);
  }

  name(module: string, qualified: string): void {
    const whole = `${module} ${qualified}`;
    if (this.#recalls(whole)) return;
    this.text(module);
    this.text(qualified);
    this.raw("\x93\x94");
    this.#memo.set(whole, this.#memoized++);
  }

  binary(value: Uint8Array): void {
    const head = Buffer.alloc(value.length < 256 ? 2 : 5);
    head.write(value.length < 256 ? "C" : "B", "latin1");
    if (value.length < 256) head.writeUInt8(value.length, 1);
    else head.writeUInt32LE(value.length, 1);
    this.#parts.push(head, Buffer.from(value), Buffer.from("\x94", "latin1"));
    this.#memoized++;
  }

  float(value: number): void {
    const bytes = Buffer.alloc(9);
    bytes.write("G", "latin1");
    bytes.writeDoubleBE(value, 1);
    this.#parts.push(bytes);
  }

  /** Below 2³¹. */
  integer(value: number): void {
    const bytes = Buffer.alloc(value < 0x100 ? 2 : value < 0x10000 ? 3 : 5);
    bytes.write(value < 0x100 ? "K" : value < 0x10000 ? "M" : "J", "latin1");
    bytes.writeUIntLE(value, 1, bytes.length - 1);
    this.#parts.push(bytes);
  }

  length64(value: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    this.#parts.push(bytes);
  }

  #recalls(key: string): boolean {
    const found = this.#memo.get(key);
    if (found !== undefined) this.raw(`h${String.fromCharCode(found)}`);
    return found !== undefined;
  }
}
