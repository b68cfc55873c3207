import { InputError } from "../../input-error.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { opcodeName } from "./opcode.ts";

/** What a pickle says, as data: lists and tuples alike are arrays. */
export type Pickled =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickledName
  | PickledObject
  | PickledArray
  | PickledMap;

export type PickledArray = readonly Pickled[];
export interface PickledMap extends ReadonlyMap<string, Pickled> {}

/** A class or function of Python that is only named: nothing of it is there. */
export class PickledName {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** What Python would make by calling something of a name: the name, what it would be given, and the state that it would be told. */
export class PickledObject {
  readonly name: string;
  readonly given: PickledArray;
  #state: Pickled | undefined;

  constructor(name: string, given: PickledArray) {
    this.name = name;
    this.given = given;
  }

  /** `undefined` where it is told none. */
  get state(): Pickled | undefined {
    return this.#state;
  }

  /** @throws InputError where it was told one before */
  tell(state: Pickled): void {
    if (this.#state !== undefined) throw new InputError(`pickle: expected one state of ${this.name}, got two`);
    this.#state = state;
  }
}

/** What a pickle may do with a name: make an instance without arguments, call it, or only name it; and whether what it makes is told a state. */
export interface NameUse {
  readonly use: "instance" | "call" | "name";
  readonly hasState: boolean;
}

const mostValues = 100_000;
const mostOpen = 10_000;
const deepest = 32;
/** Tells values on the stack from where a group of them begins. */
const mark = Symbol("mark");

type Opcode = (reader: PickleReader) => void;

/**
 * What a pickle of protocol 4 or 5 says. It is read as data: nothing of Python's is looked up, made or called.
 *
 * @param names what may be named, and what for; every other name is refused by itself
 * @throws InputError of the first opcode or name that is not known here, and of bytes that are cut short, too many, or nested too deep
 * @source CPython `Lib/pickletools.py`
 */
export function readPickle(bytes: Uint8Array, names: ReadonlyMap<string, NameUse>): Pickled {
  return new PickleReader(bytes, names).read();
}

class PickleReader {
  readonly bytes: ByteCursor;
  readonly #names: ReadonlyMap<string, NameUse>;
  readonly #stack: (Pickled | typeof mark)[] = [];
  readonly #memo: Pickled[] = [];
  /** How many containers are within each other in one, at the most. */
  readonly #depth = new Map<Pickled, number>();

  constructor(bytes: Uint8Array, names: ReadonlyMap<string, NameUse>) {
    this.bytes = new ByteCursor(bytes, "pickle");
    this.#names = names;
  }

  read(): Pickled {
    const [first, protocol] = [this.bytes.uint8(), this.bytes.uint8()];
    if (first !== proto || (protocol !== 4 && protocol !== 5))
      throw new InputError("pickle: expected protocol 4 or 5, as Python 3.12 and newer write it, got something else");
    for (let count = 0; count < mostValues; count++) {
      const at = this.bytes.at;
      const code = this.bytes.uint8();
      if (code === stop) return this.#whole();
      const run = opcodes.get(code);
      if (run === undefined)
        throw new InputError(
          `pickle: expected opcodes that LeRobot's client sends, got ${opcodeName(code)} at byte ${at}; it is not executed`,
        );
      run(this);
    }
    throw new InputError(`pickle: expected at most ${mostValues} opcodes, got more`);
  }

  #whole(): Pickled {
    const value = this.pop();
    if (this.#stack.length > 0 || this.bytes.left > 0)
      throw new InputError("pickle: expected one value, got more behind it");
    return value;
  }

  push(value: Pickled | typeof mark): void {
    if (this.#stack.length >= mostOpen)
      throw new InputError(`pickle: expected at most ${mostOpen} values that are not put away, got more`);
    this.#stack.push(value);
  }

  pushMark(): void {
    this.push(mark);
  }

  pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === mark)
      throw new InputError("pickle: expected a value before an opcode that takes one, got none");
    return value;
  }

  /** The values since the last mark. */
  popGroup(): Pickled[] {
    const from = this.#stack.lastIndexOf(mark);
    if (from < 0) throw new InputError("pickle: expected a mark before an opcode that takes a group, got none");
    const group = this.#stack.splice(from).slice(1);
    return group.filter((value) => value !== mark);
  }

  memoize(): void {
    const value = this.pop();
    this.#memo.push(value);
    this.push(value);
  }

  recall(index: number): void {
    const value = this.#memo[index];
    if (value === undefined)
      throw new InputError(`pickle: expected one of the ${this.#memo.length} values before, got number ${index}`);
    this.push(value);
  }

  pushTuple(items: Pickled[]): void {
    this.push(this.#holding(items, items));
  }

  append(items: readonly Pickled[]): void {
    const list = this.pop();
    if (!Array.isArray(list)) throw new InputError("pickle: expected a list to append to, got something else");
    list.push(...items);
    this.push(this.#holding(list, items));
  }

  setItems(items: readonly Pickled[]): void {
    const map = this.pop();
    if (!(map instanceof Map)) throw new InputError("pickle: expected a dict to set items of, got something else");
    for (let at = 0; at < items.length; at += 2) {
      const [key, value] = [items[at], items[at + 1]];
      if (typeof key !== "string" || value === undefined)
        throw new InputError("pickle: expected a dict of values under texts, got another key or no value");
      map.set(key, value);
    }
    this.push(this.#holding(map, items));
  }

  pushName(): void {
    const [qualified, module] = [this.pop(), this.pop()];
    if (typeof module !== "string" || typeof qualified !== "string")
      throw new InputError("pickle: expected a class by its module and name, got something else");
    const name = `${module}.${qualified}`;
    this.#useOf(name);
    this.push(new PickledName(name));
  }

  make(use: "instance" | "call"): void {
    const [given, named] = [this.pop(), this.pop()];
    if (!(named instanceof PickledName) || !Array.isArray(given))
      throw new InputError("pickle: expected a name and a tuple to call it with, got something else");
    const { name } = named;
    if (this.#useOf(name).use !== use || (use === "instance" && given.length > 0))
      throw new InputError(`pickle: expected ${name} as LeRobot's client sends it, got another use of it`);
    this.push(this.#holding(new PickledObject(name, given), [given]));
  }

  build(): void {
    const [state, object] = [this.pop(), this.pop()];
    if (!(object instanceof PickledObject) || !this.#useOf(object.name).hasState)
      throw new InputError("pickle: expected a state of an object that has one, got one of something else");
    object.tell(state);
    this.push(this.#holding(object, [state]));
  }

  #useOf(name: string): NameUse {
    const use = this.#names.get(name);
    if (use === undefined)
      throw new InputError(
        `pickle: expected only the classes that LeRobot's client sends, got "${shortened(name)}"; it is not executed`,
      );
    return use;
  }

  /** @throws InputError where too many containers are within each other */
  #holding<V extends Pickled>(container: V, items: readonly Pickled[]): V {
    const inner = items.reduce((most: number, item) => Math.max(most, this.#depth.get(item) ?? 0), 0);
    const depth = Math.max(this.#depth.get(container) ?? 0, inner + 1);
    if (depth > deepest) throw new InputError(`pickle: expected values within ${deepest} others, got more`);
    this.#depth.set(container, depth);
    return container;
  }
}

const proto = 0x80;
const stop = 0x2e;

/** The opcodes that Python's pickler writes for what LeRobot's client sends; there are no others. */
const opcodes: ReadonlyMap<number, Opcode> = new Map<number, Opcode>([
  // FRAME: how much follows is seen when it is read.
  [0x95, (reader) => void reader.bytes.length64()],
  // NONE, NEWTRUE, NEWFALSE
  [0x4e, (reader) => reader.push(null)],
  [0x88, (reader) => reader.push(true)],
  [0x89, (reader) => reader.push(false)],
  // BININT, BININT1, BININT2, LONG1, BINFLOAT
  [0x4a, (reader) => reader.push(reader.bytes.int32())],
  [0x4b, (reader) => reader.push(reader.bytes.uint8())],
  [0x4d, (reader) => reader.push(reader.bytes.uint16())],
  [0x8a, (reader) => reader.push(reader.bytes.integer(reader.bytes.uint8()))],
  [0x47, (reader) => reader.push(reader.bytes.float64())],
  // SHORT_BINUNICODE, BINUNICODE, BINUNICODE8
  [0x8c, (reader) => reader.push(reader.bytes.text(reader.bytes.uint8()))],
  [0x58, (reader) => reader.push(reader.bytes.text(reader.bytes.uint32()))],
  [0x8d, (reader) => reader.push(reader.bytes.text(reader.bytes.length64()))],
  // SHORT_BINBYTES, BINBYTES, BINBYTES8, BYTEARRAY8
  [0x43, (reader) => reader.push(reader.bytes.take(reader.bytes.uint8()))],
  [0x42, (reader) => reader.push(reader.bytes.take(reader.bytes.uint32()))],
  [0x8e, (reader) => reader.push(reader.bytes.take(reader.bytes.length64()))],
  [0x96, (reader) => reader.push(reader.bytes.take(reader.bytes.length64()))],
  // EMPTY_TUPLE, TUPLE1, TUPLE2, TUPLE3, MARK, TUPLE
  [0x29, (reader) => reader.pushTuple([])],
  [0x85, (reader) => reader.pushTuple([reader.pop()])],
  [0x86, (reader) => reader.pushTuple([reader.pop(), reader.pop()].reverse())],
  [0x87, (reader) => reader.pushTuple([reader.pop(), reader.pop(), reader.pop()].reverse())],
  [0x28, (reader) => reader.pushMark()],
  [0x74, (reader) => reader.pushTuple(reader.popGroup())],
  // EMPTY_LIST, APPEND, APPENDS, EMPTY_DICT, SETITEM, SETITEMS
  [0x5d, (reader) => reader.push([])],
  [0x61, (reader) => reader.append([reader.pop()])],
  [0x65, (reader) => reader.append(reader.popGroup())],
  [0x7d, (reader) => reader.push(new Map())],
  [0x73, (reader) => reader.setItems([reader.pop(), reader.pop()].reverse())],
  [0x75, (reader) => reader.setItems(reader.popGroup())],
  // MEMOIZE, BINGET, LONG_BINGET
  [0x94, (reader) => reader.memoize()],
  [0x68, (reader) => reader.recall(reader.bytes.uint8())],
  [0x6a, (reader) => reader.recall(reader.bytes.uint32())],
  // STACK_GLOBAL, NEWOBJ, REDUCE, BUILD
  [0x93, (reader) => reader.pushName()],
  [0x81, (reader) => reader.make("instance")],
  [0x52, (reader) => reader.make("call")],
  [0x62, (reader) => reader.build()],
]);

function shortened(name: string): string {
  const printable = name.replace(/[^\x20-\x7e]/g, "?");
  return printable.length > 80 ? `${printable.slice(0, 77)}...` : printable;
}
