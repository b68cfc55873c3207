import { DeviceArray } from "../device-array.ts";
import type { OnnxValue } from "../onnx.ts";
import type { ProgramArray } from "./value.ts";

/**
 * Refuses arrays that are not exactly what a program takes or gives.
 *
 * @throws RangeError that lists every missing and leftover name, or the array whose type, shape or alignment differs
 */
export function checkArrays(
  role: "feed" | "fetch",
  expected: readonly OnnxValue[],
  arrays: ReadonlyMap<string, ProgramArray>,
): void {
  const missing = expected.filter(({ name }) => !arrays.has(name)).map(({ name }) => name);
  if (missing.length > 0 || arrays.size !== expected.length) {
    const leftover = [...arrays.keys()].filter((name) => !expected.some((value) => value.name === name));
    throw new RangeError(`run, ${role}: missing ${listed(missing)}; left over ${listed(leftover)}`);
  }
  for (const { name, type, shape } of expected) {
    const array = arrays.get(name)!;
    if (array.type !== type) throw new RangeError(`run, ${role} "${name}": expected ${type}, got ${array.type}`);
    if (array.shape.length !== shape.length || shape.some((size, at) => size !== array.shape[at]))
      throw new RangeError(`run, ${role} "${name}": expected [${shape.join(", ")}], got [${array.shape.join(", ")}]`);
    const { from } = spanOf(array);
    if (!isAligned(from))
      throw new RangeError(
        `run, ${role} "${name}": memory must start at a multiple of ${alignment} bytes, got ${from}; copy it`,
      );
  }
}

/** Whether a program may take cells that begin so many bytes behind an aligned place. */
export function isAligned(offset: number): boolean {
  return offset % alignment === 0;
}

/** Row sums of views that start elsewhere came out in other bits; at every multiple of 16 they were equal. */
const alignment = 16;

/**
 * Refuses to write where the program reads, or twice to one place: the runtime would compute wrong numbers in silence.
 *
 * @throws RangeError that names both arrays
 */
export function refuseSharedMemory(
  feeds: ReadonlyMap<string, ProgramArray>,
  fetches: ReadonlyMap<string, ProgramArray>,
): void {
  const written: Written = new Map();
  for (const [name, array] of fetches) {
    refuse("fetch", name, array, written);
    const { memory } = spanOf(array);
    const others = written.get(memory);
    if (others === undefined) written.set(memory, [[name, array]]);
    else others.push([name, array]);
  }
  for (const [name, array] of feeds) refuse("feed", name, array, written);
}

function refuse(role: "feed" | "fetch", name: string, array: ProgramArray, written: Written): void {
  const clash = written.get(spanOf(array).memory)?.find(([, other]) => overlap(array, other));
  if (clash !== undefined)
    throw new RangeError(
      `run: ${role} "${name}" shares memory with fetch "${clash[0]}"; give the result its own array`,
    );
}

/** Arrays that are written, with their names, by the memory that they lie in. */
type Written = Map<object, [string, ProgramArray][]>;

/** Where an array lies: the memory, its first byte there, and the one behind its last. */
function spanOf(array: ProgramArray): { readonly memory: object; readonly from: number; readonly until: number } {
  if (array instanceof DeviceArray)
    return { memory: array.memory, from: array.byteOffset, until: array.byteOffset + array.byteLength };
  const { buffer, byteOffset, byteLength } = array.cells;
  return { memory: buffer, from: byteOffset, until: byteOffset + byteLength };
}

function overlap(one: ProgramArray, other: ProgramArray): boolean {
  const [a, b] = [spanOf(one), spanOf(other)];
  return a.from < b.until && b.from < a.until;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? "nothing" : names.map((name) => `"${name}"`).join(", ");
}
