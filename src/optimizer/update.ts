import type { DataType, HostArray } from "../graph/host-array.ts";
import type { AnyArray } from "../graph/operation.ts";
import { joinedTimes, type OperatorTime } from "../graph/profile.ts";
import { type CompileOptions, Program } from "../graph/program.ts";
import { type Device, keepsArrays } from "../graph/runtime/device.ts";
import type { ProgramArray } from "../graph/runtime/value.ts";
import {
  type AdamW,
  clippingOutputs,
  clippingStorage,
  givenShares,
  nextOf,
  normOutput,
  rateNumbers,
  roles,
  stepRates,
  type UpdatedForm,
  updatedOutputs,
  updateInputs,
} from "./adamw.ts";
import type { PackedGroups, PackedIn } from "./packed-in.ts";
import {
  type Grouping,
  inCache,
  onDevice,
  packedGroups,
  packedLength,
  packedNumbers,
  packedParts,
} from "./packed-layout.ts";
import { type RateChoice, rateFactors } from "./rate.ts";
import { type StateIn, withTrained } from "./state.ts";

/** What a step of the optimizer leaves. */
export interface UpdateResult<State> {
  readonly state: State;
  /** Global norm of the gradient before clipping. */
  readonly norm: number;
}

type Storage = HostArray<string, DataType>;

/**
 * One step of the optimizer, in place: the norm of the gradient by one program, then all values by another, group by group.
 *
 * It goes over the parameters' buffer in parts, not over the parameters: 149 parameters of 8.8 million cells took 27 ms one by
 * one and 18 ms in parts. ONNX Runtime must not write what it reads (the same buffer as input and output gives wrong numbers
 * without an error), so values move by one group at each step: a second set of buffers was as large as weights and moments.
 */
export class Updater {
  readonly #clipping: Program;
  /** Of a group of parts, by its number of them and their sizes: the last group is smaller. */
  readonly #groups: ReadonlyMap<string, Program>;
  readonly #optimizer: AdamW;
  readonly #rates: Rates;

  private constructor(programs: readonly [Program, ReadonlyMap<string, Program>], optimizer: AdamW, rates: Rates) {
    [this.#clipping, this.#groups] = programs;
    this.#optimizer = optimizer;
    this.#rates = rates;
  }

  /** @throws InputError if the rates are not those of parameters that train */
  static async compile(
    trained: readonly UpdatedForm[],
    optimizer: AdamW & RateChoice,
    options: Options,
  ): Promise<Updater> {
    const length = packedLength(trained);
    const grouping = groupingFor(options.device, length);
    const rates = ratesOf(trained, optimizer, grouping);
    const compile = (outputs: Record<string, AnyArray>, what: string) =>
      Program.compile(outputs, { ...withProfile(options, what), fixed: new Map() });
    const clipping = await compile(clippingOutputs(packedParts(length), optimizer), "clipping");
    const groups = new Map<string, Program>();
    for (const parts of packedGroups(length, grouping)) {
      const key = keyOf(parts);
      if (groups.has(key)) continue;
      const several = { ...optimizer, rates: rates.factors.length };
      const outputs = updatedOutputs(updateInputs(parts), givenShares(), several);
      groups.set(key, await compile(outputs, `group-${groups.size}`));
    }
    return new Updater([clipping, groups], optimizer, rates);
  }

  /**
   * The state after one step: of the groups that have moments here, all of them or a rank's share. The state given is used up: the new
   * one is written over it.
   *
   * @param gradient of the whole global batch
   * @throws RangeError if the gradient is not of exactly the parameters that train
   */
  async step<
    V extends ProgramArray,
    P extends PackedIn<V, P>,
    M extends PackedGroups<V, M>,
    A extends PackedGroups<V, A> = M,
  >(state: StateIn<V, P, M, A>, gradient: P, learningRate: number): Promise<UpdateResult<StateIn<V, P, M, A>>> {
    state.trained.expectLike("Updater.step", gradient);
    const clipping = clippingStorage();
    await this.#clipping.run(named<V>(roles.gradient, gradient.parts), clipping);
    const norm = clipping.get(normOutput)!.cells[0]!;
    clipping.delete(normOutput);
    const next = movedOf<V, P, M, A>(state);
    const [from, to, gradients] = [groupsOf<V, P, M, A>(state), groupsOf<V, P, M, A>(next), gradient.groups];
    const { factors, numbers } = this.#rates;
    const own = factors.map((factor) => factor * learningRate);
    const rates = new Map([...clipping, ...stepRates(this.#optimizer, own, state.step)]);
    const { start, end } = state.first.span;
    const order = [...gradients.keys()].slice(start, end);
    // Into the room behind the values the last group goes first.
    for (const at of state.trained.isBehindRoom ? order : order.reverse()) {
      const parts = gradients[at]!;
      const program = this.#groups.get(keyOf([...parts.values()]))!;
      const values = [...named(roles.gradient, parts), ...from[at - start]!];
      const feeds = new Map<string, ProgramArray>([
        ...rates,
        ...values,
        ...named(rateNumbers, numbers[at] ?? new Map()),
      ]);
      for (const moments of [state.first, state.second]) moments.open(at - start);
      await program.run(feeds, new Map([...to[at - start]!].map(([name, array]) => [nextOf(name), array])));
      for (const moments of [next.first, next.second]) moments.close(at - start, state.step);
    }
    const parameters = withTrained(state.parameters, next.trained);
    return { state: { ...next, parameters, step: state.step + 1 }, norm };
  }

  /** Time of the steps up to now by operator; only where `options` asked for a profile, and once. */
  takeProfile(): OperatorTime[] {
    return joinedTimes([this.#clipping, ...this.#groups.values()].map((program) => program.takeProfile()));
  }

  release(): void {
    for (const program of [this.#clipping, ...this.#groups.values()]) program.release();
  }
}

type Options = Omit<CompileOptions, "fixed">;

/** Programs that are profiled at once write files of their own. */
function withProfile({ profile, ...options }: Options, what: string): Options {
  return profile === undefined ? options : { ...options, profile: `${profile}-${what}` };
}

/** Factors of the learning rate: all that there are, and where there are several, by group the number of each block's. */
interface Rates {
  readonly factors: readonly number[];
  readonly numbers: readonly ReadonlyMap<string, Storage>[];
}

/** How packed values are cut that a device's programs update. */
function groupingFor(device: Device, length: number): Grouping {
  return keepsArrays(device) ? onDevice(length) : inCache;
}

function ratesOf(trained: readonly UpdatedForm[], choice: RateChoice, grouping: Grouping): Rates {
  const byName = rateFactors(
    trained.map(({ name }) => name),
    choice,
  );
  const factors = [...new Set(byName.values())];
  if (factors.length === 1) return { factors, numbers: [] };
  return { factors, numbers: packedNumbers(trained, (name) => factors.indexOf(byName.get(name)!), grouping) };
}

/** What groups of parts have in common that one program updates. */
function keyOf(parts: readonly Pick<UpdatedForm, "shape">[]): string {
  return parts.map(({ shape }) => shape.join("x")).join();
}

/** What of a state a step changes. */
type Moving<P, M, A> = Pick<StateIn<unknown, P, M, A>, "trained" | "first" | "second" | "ema">;

/** What the update program reads and writes of each group that has moments, under the names of its inputs. */
function groupsOf<V, P extends PackedIn<V, P>, M extends PackedGroups<V, M>, A extends PackedGroups<V, A>>({
  trained,
  first,
  second,
  ema,
}: Moving<P, M, A>): Map<string, V>[] {
  const { start, end } = first.span;
  const moments = Object.entries({ first, second, ...(ema === null ? {} : { ema }) });
  const byRole = [
    ["parameter", trained.groups.slice(start, end)] as const,
    ...moments.map(([role, packed]) => [role, packed.groups] as const),
  ];
  return Array.from(
    { length: end - start },
    (_, at) => new Map(byRole.flatMap(([role, groups]) => [...named(`${role}.`, groups[at]!)])),
  );
}

function named<V>(prefix: string, parts: ReadonlyMap<string, V>): Map<string, V> {
  return new Map([...parts].map(([name, array]) => [`${prefix}${name}`, array]));
}

function movedOf<V, P extends PackedIn<V, P>, M extends PackedGroups<V, M>, A extends PackedGroups<V, A>>({
  trained,
  first,
  second,
  ema,
}: Moving<P, M, A>): Moving<P, M, A> {
  return { trained: trained.moved, first: first.moved, second: second.moved, ema: ema?.moved ?? null };
}
