import { input } from "../graph/array.ts";
import { add } from "../graph/op/elementwise.ts";
import { type CompileOptions, Program } from "../graph/program.ts";
import type { ProgramArray } from "../graph/runtime/value.ts";
import { DevicePacked } from "../optimizer/device-packed.ts";
import { Packed } from "../optimizer/packed.ts";
import { type PackedForm, packedLength, packedParts } from "../optimizer/packed-layout.ts";
import type { Span } from "../ranks/deal.ts";
import { RankedSum } from "../ranks/ranked-sum.ts";
import { joinLast } from "../ranks/tree.ts";
import type { World } from "../ranks/world.ts";
import type { GradientSum } from "./global-gradient.ts";

type Machine = Omit<CompileOptions, "fixed">;

/** Gradients that lie on a device, added up in the tree of `RankedSum`. */
export function deviceSum(world: World, forms: readonly PackedForm[], machine: Machine): ReleasedSum {
  return world.size === 1 ? new SumOnDevice(forms, machine) : new SumOverHosts(world, forms);
}

/** A sum whose memory is given back. */
export interface ReleasedSum extends GradientSum<DevicePacked> {
  release(): void;
}

/** The sum of one rank: nothing leaves the device. */
class SumOnDevice implements ReleasedSum {
  readonly #forms: readonly PackedForm[];
  readonly #machine: Machine;
  readonly #made: DevicePacked[] = [];
  readonly #spare: DevicePacked[] = [];
  #count = 0;
  readonly #nodes: Span[] = [];
  readonly #sums: DevicePacked[] = [];
  #addition: Promise<Program> | null = null;

  constructor(forms: readonly PackedForm[], machine: Machine) {
    this.#forms = forms;
    this.#machine = machine;
  }

  begin(microBatches: number): Span {
    this.#spare.push(...this.#sums.splice(0));
    this.#nodes.length = 0;
    this.#count = microBatches;
    return { start: 0, end: microBatches };
  }

  storage(): DevicePacked {
    const spare = this.#spare.pop();
    if (spare !== undefined) return spare;
    const made = DevicePacked.zeros(this.#forms);
    this.#made.push(made);
    return made;
  }

  async add(gradient: DevicePacked): Promise<void> {
    const start = this.#nodes.at(-1)?.end ?? 0;
    this.#sums.push(gradient);
    const joins: number[] = [];
    joinLast(this.#nodes, { start, end: start + 1 }, this.#count, (left) => joins.push(left));
    for (const left of joins) {
      const [one, other] = this.#sums.splice(left, 2);
      const sum = this.storage();
      await this.#add(one!, other!, sum);
      this.#sums.splice(left, 0, sum);
      this.#spare.push(one!, other!);
    }
  }

  async total(): Promise<DevicePacked> {
    if (this.#sums.length !== 1 || this.#nodes[0]!.end !== this.#count)
      throw new RangeError("SumOnDevice: expected every gradient of the step before the total");
    return this.#sums[0]!;
  }

  release(): void {
    for (const packed of this.#made) packed.release();
    void this.#addition?.then((program) => program.release());
  }

  async #add(one: DevicePacked, other: DevicePacked, sum: DevicePacked): Promise<void> {
    this.#addition ??= compileAddition(this.#forms, this.#machine);
    const feeds = new Map<string, ProgramArray>([...named("one.", one), ...named("other.", other)]);
    await (await this.#addition).run(feeds, new Map(named("sum.", sum)));
  }
}

/** The sum over ranks, by their hosts: gradients leave the device, and their sum goes back to it. */
class SumOverHosts implements ReleasedSum {
  readonly #sum: RankedSum<Packed>;
  readonly #there: DevicePacked;

  constructor(world: World, forms: readonly PackedForm[]) {
    this.#sum = new RankedSum(world, () => Packed.zeros(forms));
    this.#there = DevicePacked.zeros(forms);
  }

  begin(microBatches: number): Span {
    return this.#sum.begin(microBatches);
  }

  storage(): DevicePacked {
    return this.#there;
  }

  add(gradient: DevicePacked): void {
    const here = this.#sum.storage();
    gradient.copyTo(here);
    this.#sum.add(here);
  }

  async total(): Promise<DevicePacked> {
    this.#there.take(await this.#sum.total());
    return this.#there;
  }

  release(): void {
    this.#there.release();
  }
}

async function compileAddition(forms: readonly PackedForm[], machine: Machine): Promise<Program> {
  const of = (role: string, { name, axes, shape }: PackedForm) => input(`${role}.${name}`, axes, shape, "float32");
  const parts = packedParts(packedLength(forms));
  const sums = parts.map((part) => [`sum.${part.name}`, add(of("one", part), of("other", part))] as const);
  return await Program.compile(Object.fromEntries(sums), { ...machine, fixed: new Map() });
}

function named(prefix: string, packed: DevicePacked): [string, ProgramArray][] {
  return [...packed.parts].map(([name, array]) => [`${prefix}${name}`, array]);
}
