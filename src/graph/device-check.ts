import { InputError } from "../input-error.ts";
import { DeviceArray } from "./device-array.ts";
import { differenceIn, distanceIn, largestCell, lengthOf } from "./difference.ts";
import { type Arrays, zerosOfShape } from "./host-array.ts";
import type { OnnxValue } from "./onnx.ts";
import type { OperatorDifference } from "./operator-check.ts";
import type { Device } from "./runtime/device.ts";
import type { Precision } from "./runtime/precision.ts";
import type { ProgramArrays, ProgramSession } from "./runtime/session.ts";
import type { AnyHostArray } from "./runtime/value.ts";

/** What a program is computed by. */
export interface ProgramMachine {
  readonly device: Device;
  readonly precision?: Precision | undefined;
}

/**
 * How far results of a device may be from the CPU's, as a share of the largest cell of a result. Both add float32 in other orders: sums over
 * some thousand terms differ by 1e-5, and a step by a few times that. A wrong operator is off by a tenth or more.
 */
export const deviceTolerance = 1e-3;

/**
 * What a result counts for at least, as a share of the largest of all results: float32 rounds to 6e-8, which is to be within the
 * tolerance. A key's bias has a gradient of zero whatever is computed, and what stands there is what the sums of others were rounded by, 1e-8
 * of the largest. A gradient that is all wrong is found down to 1e-7 of the largest.
 */
export const roundingShare = 1e-4;

/** How results are compared. */
interface Comparison {
  readonly tolerance: number;
  readonly difference: typeof differenceIn;
  readonly size: typeof largestCell;
  /** What the tolerance is a share of. */
  readonly of: string;
}

const ofDevices: Comparison = {
  tolerance: deviceTolerance,
  difference: differenceIn,
  size: largestCell,
  of: "largest cell",
};

/**
 * A number in bfloat16 is off by up to 1/256 of itself. What layers make of that is spread over all cells of a gradient, so lengths are compared: a
 * gradient was off by 0.01 to 0.05 of its length, and by 0.14 where a rectifier of a tiny decoder cuts some rows off
 * (docs/decisions/0019-products-in-bfloat16.md). A mask that is not there was off by more than 1.
 */
const ofBfloat16: Comparison = { tolerance: 0.25, difference: distanceIn, size: lengthOf, of: "length" };

/** Whether programs are computed as those are that others are compared with. */
export function isReference({ device, precision = "float32" }: ProgramMachine): boolean {
  return device === "cpu" && precision === "float32";
}

/** What a program of a device is compared with. */
export interface DeviceCheck {
  readonly machine: ProgramMachine;
  /** Opens the same program on the CPU in float32. */
  readonly reference: () => Promise<ProgramSession>;
  /** Operators that the device computes otherwise from the same feeds; `null` where the program is not known by its operators. */
  readonly operators: ((feeds: Arrays, above: number) => Promise<readonly OperatorDifference[]>) | null;
  /** Operators whose bits differ from time to time, likewise. */
  readonly unsteady: ((feeds: Arrays) => Promise<readonly OperatorDifference[]>) | null;
}

/** How often a device computes the same before its bits are believed to be the same each time. */
const timesTried = 3;

/** Computes a graph so often, and puts no number where its bits differ from time to time: it differs infinitely from any other's. */
export async function computedSteadily(compute: () => Promise<Arrays>): Promise<Arrays> {
  const found = await compute();
  for (let again = 1; again < timesTried; again++)
    for (const name of differingBits(found, await compute())) {
      const { cells } = found.get(name)!;
      if (cells instanceof Float32Array) cells.fill(Number.NaN);
    }
  return found;
}

function differingBits(one: Arrays, other: Arrays): string[] {
  const bytes = ({ cells: { buffer, byteOffset, byteLength } }: AnyHostArray) =>
    Buffer.from(buffer, byteOffset, byteLength);
  return [...one].filter(([name, array]) => !bytes(array).equals(bytes(other.get(name)!))).map(([name]) => name);
}

/**
 * A program of a device, or of another precision, that is computed by the CPU as well the first time it runs: nothing of it is used
 * before both agree.
 */
export class CheckedSession implements ProgramSession {
  readonly #session: ProgramSession;
  /** `null` once the program is believed: what it is compared with is then let go. */
  #check: DeviceCheck | null;
  /** The first run. */
  #first: Promise<void> | null = null;

  /** Takes over a program. */
  constructor(session: ProgramSession, check: DeviceCheck) {
    this.#session = session;
    this.#check = check;
  }

  get inputs(): readonly OnnxValue[] {
    return this.#session.inputs;
  }

  get outputs(): readonly OnnxValue[] {
    return this.#session.outputs;
  }

  /**
   * As the program itself runs.
   *
   * @throws InputError that names the outputs that differ most and the first operator that is computed otherwise, also at every later run
   */
  async run(feeds: ProgramArrays, fetches: ProgramArrays): Promise<void> {
    const check = this.#check;
    if (check === null) return await this.#session.run(feeds, fetches);
    if (this.#first !== null) {
      await this.#first;
      return await this.#session.run(feeds, fetches);
    }
    this.#first = this.#checkedRun(check, feeds, fetches);
    try {
      await this.#first;
      this.#check = null;
    } catch (error) {
      // What was fed wrongly says nothing of the device.
      if (!(error instanceof InputError)) this.#first = null;
      throw error;
    }
  }

  async #checkedRun(check: DeviceCheck, feeds: ProgramArrays, fetches: ProgramArrays): Promise<void> {
    const given = onHost(feeds);
    const right = await computedBy(check.reference, given);
    await this.#session.run(feeds, fetches);
    const found = copiesOf(fetches);
    await compare(check, given, right, found);
    if (check.machine.device !== "cpu") await this.#expectSameBits(check, { feeds, fetches, found });
  }

  /** The same feeds have to give the same bits again: a run would otherwise depend on when threads come. */
  async #expectSameBits(
    { machine, unsteady }: DeviceCheck,
    {
      feeds,
      fetches,
      found,
    }: { readonly feeds: ProgramArrays; readonly fetches: ProgramArrays; readonly found: Arrays },
  ): Promise<void> {
    const differing = new Set<string>();
    for (let again = 1; again < timesTried; again++) {
      await this.#session.run(feeds, fetches);
      for (const name of differingBits(found, onHost(fetches))) differing.add(name);
    }
    if (differing.size === 0) return;
    const operators = unsteady === null ? [] : await unsteady(onHost(feeds));
    const named = operators.slice(0, 5).map((one) => `${one.operator} of ${shapesOf(one)}`);
    const { asked, remedy } = wordsOf(machine);
    throw new InputError(
      `${asked}: expected the same bits from the same inputs, got ${differing.size} of ${found.size} outputs of a program that ` +
        `differ from time to time (${[...differing].slice(0, 3).join(", ")}); ` +
        `not steady: ${named.join(", ") || "no operator alone"}; take ${remedy}`,
    );
  }

  release(): void {
    this.#session.release();
  }

  endProfile(): string {
    return this.#session.endProfile();
  }
}

async function computedBy(open: () => Promise<ProgramSession>, feeds: Arrays): Promise<Arrays> {
  const session = await open();
  try {
    const results = new Map(session.outputs.map((value) => [value.name, zerosOfShape(value)]));
    await session.run(feeds, results);
    return results;
  } finally {
    session.release();
  }
}

function onHost(arrays: ProgramArrays): Arrays {
  return new Map(
    [...arrays].map(([name, array]): [string, AnyHostArray] => {
      if (!(array instanceof DeviceArray)) return [name, array];
      const copy = zerosOfShape(array);
      array.memory.read(array.byteOffset, copy.cells);
      return [name, copy];
    }),
  );
}

/** Arrays that nobody writes to. */
function copiesOf(arrays: ProgramArrays): Arrays {
  return new Map(
    [...onHost(arrays)].map(([name, array]): [string, AnyHostArray] => {
      const copy = zerosOfShape(array);
      const { buffer, byteOffset, byteLength } = array.cells;
      new Uint8Array(copy.cells.buffer).set(new Uint8Array(buffer, byteOffset, byteLength));
      return [name, copy];
    }),
  );
}

async function compare(check: DeviceCheck, feeds: Arrays, right: Arrays, found: Arrays): Promise<void> {
  const { machine, operators } = check;
  const { tolerance, difference, size, of } = machine.precision === "bf16" ? ofBfloat16 : ofDevices;
  const floor = roundingShare * Math.max(...[...right.values()].map(size));
  // Which word is the likeliest may hang on what bfloat16 rounds away.
  const compared = [...right].filter(([, { type }]) => type !== "int32" || machine.precision !== "bf16");
  const differences = compared
    .map(([name, array]) => ({ name, difference: difference(array, found.get(name)!, floor) }))
    .filter(({ difference }) => difference > tolerance)
    .sort((one, other) => other.difference - one.difference);
  if (differences.length === 0) return;
  const worst = differences.slice(0, 3).map(({ name, difference }) => `${name} by ${difference.toPrecision(2)}`);
  const { asked, remedy } = wordsOf(machine);
  const because = operators === null ? "its operators were not tried alone" : cause(await operators(feeds, tolerance));
  throw new InputError(
    `${asked}: expected what the CPU computes in float32, within ${tolerance} of its ${of}, ` +
      `got ${differences.length} of ${right.size} outputs of a program that differ (${worst.join(", ")}); ${because}: take ${remedy}`,
  );
}

function cause([first]: readonly OperatorDifference[]): string {
  if (first === undefined) return "each operator alone is computed as on the CPU";
  return `its ${first.operator} of ${shapesOf(first)} is wrong by ${first.difference.toPrecision(2)}`;
}

function shapesOf({ inputs }: OperatorDifference): string {
  return inputs.map(({ shape }) => `[${shape.join(", ")}]`).join(" ");
}

function wordsOf({ device, precision }: ProgramMachine): { readonly asked: string; readonly remedy: string } {
  return precision === "bf16"
    ? { asked: "bf16", remedy: "float32" }
    : { asked: `--device ${device}`, remedy: "--device cpu" };
}
