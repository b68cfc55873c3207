import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { microLayout } from "../batch/testing/micro-layout.ts";
import { readManifest, readWeights } from "../checkpoint/checkpoint.ts";
import { checkpointFolder } from "../checkpoint/store.ts";
import { nodesBefore } from "../graph/array.ts";
import { type Arrays, zerosOfShape } from "../graph/host-array.ts";
import { Program } from "../graph/program.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { expectClose } from "../graph/testing/close.ts";
import { numbers } from "../graph/testing/evaluate.ts";
import { isOfAdapter } from "../nn/adapter.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { gradientOutputs, traceObjectives } from "../objective/objective.ts";
import { onlyInputs } from "../objective/only-inputs.ts";
import type { Setting } from "../objective/traced.ts";
import { variants } from "../policy/variant.ts";
import { aloneWorld } from "../ranks/open-world.ts";
import { localWorlds, onRanks } from "../ranks/testing/local-worlds.ts";
import type { Recipe } from "../recipe/schema.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { Rules } from "../validity/rules.ts";
import { GradientProgram } from "./global-gradient.ts";
import { testForm } from "./testing/micro-policy.ts";
import { trainPolicy } from "./train.ts";
import { unwatched } from "./watcher.ts";

const machine = { device: "cpu", threads: 1 } as const;

function settingOf(variant: keyof typeof variants, adapted: readonly string[]): Setting {
  const form = testForm(variants[variant], "micro", microLayout, 0);
  const adapters = adapted.length === 0 ? null : { rank: 2, alpha: 3, below: adapted };
  const rules = { unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" } as const;
  return { form: { ...form, adapters }, layout: microLayout, ...rules };
}

/** Numbers between −1 and 1, zeros as tokens, and of what may exist every other cell. */
function dataFor(program: Program): Arrays {
  return new Map(
    program.inputs.map((value) => {
      const array = zerosOfShape(value);
      for (let at = 0; at < array.cells.length; at++) {
        if (array.type === "float32") array.cells[at] = Math.sin(1 + at);
        if (array.type === "bool") array.cells[at] = at % 2;
        if (array.type === "uint8") array.cells[at] = (at * 37) % 256;
      }
      return [value.name, array] as const;
    }),
  );
}

async function outcome(program: Program, feeds: Arrays): Promise<Record<string, Float64Array>> {
  const fetches: Arrays = new Map(program.outputs.map((value) => [value.name, zerosOfShape(value)]));
  await program.run(onlyInputs(program, feeds), fetches);
  program.release();
  return Object.fromEntries([...fetches].map(([name, array]) => [name, numbers(array)]));
}

const learns = (...parts: readonly string[]) => {
  return (name: string) => parts.some((part) => name.startsWith(`${part}.`));
};

/** Weights of which a gradient rule reads none, where others train. */
const cases = [
  { variant: "smolvla", adapted: [], trains: learns("expert", "state", "action"), stand: /^(vision|embedding)\./ },
  {
    variant: "smolvla",
    adapted: [],
    trains: learns("expert", "action"),
    stand: /^(vision|embedding|state|backbone)\./,
  },
  {
    variant: "smolvla",
    adapted: [],
    trains: learns("vision.projector"),
    stand: /^(vision\.tower|embedding|state|action\.(in|time)|expert\.layer\.0\.(query|key|value))\./,
  },
  { variant: "pi0", adapted: [], trains: (name: string) => !name.startsWith("vision"), stand: /^vision\./ },
  {
    variant: "pi0",
    adapted: [],
    trains: learns("expert"),
    stand: /^(vision|embedding|backbone|state|action\.(in|time))\./,
  },
  // The first layer's maps read tokens that nothing learnt led to.
  {
    variant: "pi0",
    adapted: ["backbone"],
    trains: isOfAdapter,
    stand: /^(vision|embedding|state|action\.(in|time)|(backbone|expert)\.layer\.0\.(query|key|value))\./,
  },
  { variant: "groot_n16", adapted: [], trains: learns("groot"), stand: /^(vision|embedding|backbone)\./ },
] as const;

describe.each(cases)(
  "$variant with adapters at $adapted, with $stand in the program",
  ({ variant, adapted, trains, stand }) => {
    const setting = settingOf(variant, adapted);
    const { parameters } = traceObjectives(setting);
    const weights = randomWeights(parameters, 1);
    const frozen = new Map([...weights].filter(([name]) => !trains(name)));
    const options = { setting, trains, recompute: "nothing", machine } as const;

    it("has the gradients of a program that knows nothing of what is frozen, fed or in the program, to the bit on one thread", async () => {
      const traced = traceObjectives(setting);
      const trained = traced.parameters.filter(({ name }) => trains(name));
      const outputs = gradientOutputs(traced, trained, "nothing");
      const plain = await Program.compile(outputs, { ...machine, fixed: new Map() });
      const [fed, stands] = await Promise.all(
        [new Map(), frozen].map((own) => GradientProgram.compile({ ...options, frozen: own })),
      );
      const feeds: Arrays = new Map([...dataFor(plain), ...weights]);
      const [wanted, one, other] = [
        await outcome(plain, feeds),
        await outcome(fed!.program, feeds),
        await outcome(stands!.program, feeds),
      ];
      expectSameBits("in the program", other, one);
      const largestOf = (cells: Float64Array) => cells.reduce((most, cell) => Math.max(most, Math.abs(cell)), 0);
      const floor = 1e-6 * Math.max(...Object.values(wanted).map(largestOf));
      for (const [name, cells] of Object.entries(wanted)) {
        expectClose(name, one[name]!, cells, {
          absolute: 1e-4 * largestOf(cells) + floor,
          relative: 0,
          because: "float32 sums in other orders; gradients that are zero by the softmax",
        });
      }
      expect(Object.values(wanted).some((cells) => cells.some((cell) => cell !== 0))).toBe(true);
    });

    it("holds the weights of which no gradient rule reads one, and no others", async () => {
      const own = await GradientProgram.compile({ ...options, frozen });
      const held = parameters.filter(({ name }) => own.program.standing.has(name)).map(({ name }) => name);
      const matrices = parameters.filter(({ name, shape }) => frozen.has(name) && shape.length > 1);
      expect(held.filter(trains)).toEqual([]);
      for (const { name } of matrices) expect([name, held.includes(name)]).toEqual([name, stand.test(name)]);
      own.release();
    });
  },
);

it("pictures of which none learns are encoded a few at a time, with the gradients of a program that has them all at once", async () => {
  // Of 16 patches each, 64 pictures make a part at most; 70 are two parts of 35.
  const { form, layout: few, ...rest } = settingOf("smolvla", []);
  const setting = { ...rest, form, layout: { ...few, rows: 35 } };
  const trains = learns("expert", "state", "action");
  const plain = traceObjectives(setting);
  const trained = plain.parameters.filter(({ name }) => trains(name));
  const weights = randomWeights(plain.parameters, 1);
  const frozen = new Map([...weights].filter(([name]) => !trains(name)));
  const isLoop = ({ operation }: { readonly operation: { readonly name: string } }) => operation.name === "parts";
  const loops = nodesBefore([traceObjectives({ ...setting, trains }).loss]).filter(isLoop);
  expect(loops.map(({ operation }) => operation.repeats?.turns)).toEqual([2]);
  expect(nodesBefore([plain.loss]).filter(isLoop)).toEqual([]);
  const whole = await Program.compile(gradientOutputs(plain, trained, "nothing"), { ...machine, fixed: new Map() });
  const own = await GradientProgram.compile({ setting, trains, frozen, recompute: "nothing", machine });
  const feeds: Arrays = new Map([...dataFor(whole), ...weights]);
  const [wanted, found] = [await outcome(whole, feeds), await outcome(own.program, feeds)];
  for (const [name, cells] of Object.entries(wanted)) {
    const largest = cells.reduce((most, cell) => Math.max(most, Math.abs(cell)), 0);
    expect(largest).toBeGreaterThan(0);
    expectClose(name, found[name]!, cells, {
      absolute: 1e-4 * largest,
      relative: 0,
      because: "float32 sums in other orders",
    });
  }
});

it("a program is not run on other values than those that stand in it", async () => {
  const setting = settingOf("pi0", []);
  const trains = learns("expert");
  const weights = randomWeights(traceObjectives(setting).parameters, 1);
  const frozen = new Map([...weights].filter(([name]) => !trains(name)));
  const own = await GradientProgram.compile({ setting, trains, frozen, recompute: "nothing", machine });
  const others = randomWeights(traceObjectives(setting).parameters, 1);
  await expect(own.run(dataFor(own.program), others, new Map())).rejects.toThrow(
    /^gradient: expected "[\w.]+" as it stands in the program, got other values; compile anew/,
  );
  await expect(own.run(dataFor(own.program), weights, new Map())).rejects.toThrow("run, fetch: missing");
  own.release();
});

describe("a run of the expert alone", () => {
  const { optimizer, policy } = awkwardRecipe;
  const recipe: Recipe = {
    ...awkwardRecipe,
    policy: { ...policy, variant: "smolvla" },
    optimizer: { ...optimizer, train: "expert" },
  };
  let place = "";
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), "armature-frozen-"));
    await trained("whole", 4, "new", 1);
  });
  afterAll(() => rm(place, { recursive: true }));

  async function trained(as: string, until: number, kind: "new" | "resume", ranks: number): Promise<void> {
    const request = { recipe, folder: join(place, as), start: { kind }, until, cache: join(place, "cache") };
    const worlds = ranks === 1 ? [await aloneWorld()] : await localWorlds(ranks, 60);
    await onRanks(worlds, (world) => trainPolicy({ ...request, world }, unwatched));
  }

  async function expectAsWhole(as: string): Promise<void> {
    const [one, other] = await Promise.all(
      [as, "whole"].map(async (name) => {
        const folder = checkpointFolder(join(place, name), 4);
        return await readWeights(folder, await readManifest(folder));
      }),
    );
    expectSameBits("weights", one, other);
  }

  it("that went on from its checkpoint has the bits of one that was never stopped", async () => {
    await trained("resumed", 2, "new", 1);
    await trained("resumed", 4, "resume", 1);
    await expectAsWhole("resumed");
  });

  it("on two ranks has the bits of one", async () => {
    await trained("ranks", 4, "new", 2);
    await expectAsWhole("ranks");
  });
});
