import { describe, expect, it } from "vitest";
import { byteTokenizer } from "../codec/prompt.ts";
import type { Feature } from "../dataset/dataset.ts";
import { type GeneratedDataset, generate } from "../dataset/generated.ts";
import { asFound } from "../embodiment/mapping.ts";
import { HostArray, zeros } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { InputError } from "../input-error.ts";
import { type Member, openMixture } from "../mixture/mixture.ts";
import { loadExample } from "./example.ts";
import { refuseWiderRobots } from "./fit.ts";
import { observe, type PolicyInput, type Robot, type RobotObservation } from "./observation.ts";

const vector = (key: string): Feature => ({ key, type: "float32", shape: [2], names: ["elbow", "gripper"] });
const description: GeneratedDataset = {
  name: "toy",
  robotType: "toy",
  framesPerSecond: 10,
  features: [
    vector("action"),
    vector("observation.state"),
    { key: "observation.images.base", type: "video", shape: [12, 16, 3], names: null },
  ],
  episodeLengths: [12],
  tasks: ["push"],
  seed: 1,
};
const layout = {
  rows: 1,
  steps: 4,
  actionWidth: 2,
  stateWidth: 2,
  views: 2,
  observations: 3,
  tokens: 8,
  responseTokens: 0,
  pictureSize: 8,
};
const choice = {
  layout,
  pastEnd: "nothing",
  prompt: "task",
  longPrompt: "refuse",
  letterbox: "antialiased-centred",
  tokenizer: byteTokenizer,
} as const;
const unit = { mode: "mean-std" as const, center: Float64Array.of(0.1, 0.2), scale: Float64Array.of(2, 3) };

async function member(): Promise<Member> {
  const { name, ...rest } = description;
  const { mixture } = await openMixture({
    seed: 1,
    views: ["base", "wrist"],
    windows: "every",
    entries: [
      {
        name,
        source: { kind: "generated", description: rest },
        episodes: "all",
        mapping: { ...asFound, controlMode: "joint" },
        role: "train",
        weight: null,
        validationRatio: 0.5,
      },
    ],
    pictureMemoryBytes: 0,
  });
  return mixture.members[0]!;
}
const robot = async (): Promise<Robot> => ({
  name: 'robot "toy"',
  embodiment: (await member()).embodiment,
  normalizationGroup: 0,
  units: { action: unit, state: unit },
});

async function observation(frame: number): Promise<RobotObservation> {
  const dataset = generate(description);
  const rows = (await dataset.table(0)).vector("observation.state").cells;
  const seen = await dataset.picture("observation.images.base", 0, frame, { height: 8, width: 8 });
  return { state: rows.slice(2 * frame, 2 * frame + 2), pictures: { base: seen } };
}

describe("a robot's observation", () => {
  for (const frame of [0, 3, 9])
    it(`agrees slot by slot with what the dataset gives at frame ${frame}`, async () => {
      const observations = await Promise.all([frame - 4, frame - 2].map((at) => (at < 0 ? null : observation(at))));
      const asked = observe(
        await robot(),
        { observations: [...observations, await observation(frame)], prompt: "push" },
        choice,
      );
      const reading = {
        rate: "native",
        interval: 2,
        historyDropout: 0.5,
        responseDropout: 0,
        actionFrame: "absolute",
        pastEnd: "nothing",
        prompt: "task",
        letterbox: "antialiased-centred",
        longPrompt: "refuse",
        augmentation: "none",
      } as const;
      const recorded = await loadExample(
        { member: await member(), dataset: generate(description), action: unit, state: unit },
        { member: 0, episode: 0, frame, draw: 0 },
        { seed: 1, purpose: "validation", layout, reading, tokenizer: byteTokenizer, answers: null },
      );
      for (const part of ["state", "pictures", "viewReal", "tokens"] as const)
        expectSameBits(part, asked[part], recorded[part]);
      expect([asked.dofSlots, asked.stateSlots]).toEqual([recorded.dofSlots, recorded.stateSlots]);
      expect(asked.actions.valid.count).toBe(4);
    });

  it("says which camera gave no picture, apart from the others", async () => {
    const now = { ...(await observation(3)), pictures: { base: null } };
    const asked = observe(await robot(), { observations: [await observation(2), now], prompt: "push" }, choice);
    expect([...asked.viewReal.bits]).toEqual([1, 0, 0, 0]);
    expect(asked.pictures.map((picture) => picture !== null)).toEqual([true, false, false, false]);
  });

  it("comes with what is known of it and what it is to reach, for a policy that reads that", async () => {
    const [own, now] = [await robot(), await observation(3)];
    const telling = {
      ...choice,
      prompt: "pi07",
      metadata: { format: "pi07" },
      layout: { ...layout, tokens: 13, responseTokens: 18, metadataTokens: 22, subgoals: 2 },
    } as const;
    const base = new HostArray("h w c", [1, 1, 3], "uint8", Uint8Array.of(7, 8, 9));
    const told = { response: "lift it", metadata: { quality: 3 }, subgoals: { base } };
    const asked = observe(own, { observations: [now], prompt: "push", ...told }, telling);
    expect([...asked.response]).toEqual([...byteTokenizer.encodeBehind("Subtask: lift it, ")]);
    expect([...asked.metadata]).toEqual([...byteTokenizer.encodeBehind("Metadata: Quality: 3, ")]);
    expect(asked.subgoals.map((picture) => picture?.shape)).toEqual([[8, 8, 3], undefined]);
    expect([...asked.subgoals[0]!.cells.subarray(0, 3)]).toEqual([7, 8, 9]);
    const untold = observe(own, { observations: [now], prompt: "push" }, telling);
    expect([untold.response.length, untold.metadata.length, untold.subgoals]).toEqual([0, 0, []]);
  });

  it("is refused with what its policy does not read, or the robot does not have", async () => {
    const [own, now] = [await robot(), await observation(3)];
    const telling = {
      ...choice,
      prompt: "pi07",
      metadata: { format: "pi07" },
      layout: { ...layout, tokens: 13, responseTokens: 17, metadataTokens: 21, subgoals: 2 },
    } as const;
    const asking = (told: Partial<PolicyInput>, by: Parameters<typeof observe>[2]) => () =>
      observe(own, { observations: [now], prompt: "push", ...told }, by);
    const base = zeros("h w c", [1, 1, 3], "uint8");
    expect(asking({ response: "lift it" }, choice)).toThrow(
      'robot "toy": expected no response, as the policy reads none',
    );
    expect(asking({ response: "lift it" }, telling)).toThrow(
      'robot "toy": expected a response of at most 17 tokens, got 18: "Subtask: lift it, "; raise policy.responseTokens',
    );
    expect(asking({ metadata: { quality: 3 } }, choice)).toThrow(
      'robot "toy": expected no metadata, as the policy reads none',
    );
    expect(asking({ subgoals: { base } }, choice)).toThrow(
      'robot "toy": expected no subgoals, as the policy reads none',
    );
    expect(asking({ metadata: { quality: 3 } }, telling)).toThrow(
      'robot "toy": expected metadata of at most 21 tokens, got 22: "Metadata: Quality: 3, "; raise policy.metadataTokens',
    );
    expect(
      observe(own, { observations: [now], prompt: "push", metadata: { quality: 3 } }, { ...telling, longPrompt: "cut" })
        .metadata,
    ).toHaveLength(21);
    expect(asking({ subgoals: { wrist: base } }, telling)).toThrow('expected subgoals of base, got one of "wrist"');
    expect(asking({ subgoals: { base: zeros("h w c", [0, 1, 3], "uint8") } }, telling)).toThrow(
      'expected a picture [h w 3] of "base", got [0 1 3]',
    );
  });

  it("is refused with everything that does not fit, and the robot's name", async () => {
    const own = await robot();
    const observing = (now: RobotObservation) => () => observe(own, { observations: [now], prompt: "push" }, choice);
    const observingNonFinite = observing({ state: [1, Number.NaN, 3], pictures: { wrist: null } });
    expect(observingNonFinite).toThrow(InputError);
    expect(observingNonFinite).toThrow(
      /robot "toy": expected a state of 2 entries, got 3; expected finite numbers, got NaN for "gripper"/,
    );
    expect(observingNonFinite).toThrow(
      /expected a picture of "base", got none; say null .*; expected pictures of base, got one of "wrist"/,
    );
    for (const shape of [
      [2, 3, 1],
      [0, 3, 3],
      [2, 0, 3],
    ]) {
      const base = zeros("h w c", shape, "uint8");
      expect(observing({ state: [1, 2], pictures: { base } })).toThrow(
        `expected a picture [h w 3] of "base", got [${shape.join(" ")}]`,
      );
    }
  });
});

describe("a robot wider than the policy", () => {
  it("is refused before anything is loaded, with its name and both sizes", async () => {
    const members = [await member()];
    expect(() => refuseWiderRobots({ actionWidth: 2, stateWidth: 2 }, members)).not.toThrow();
    expect(() => refuseWiderRobots({ actionWidth: 1, stateWidth: 1 }, members)).toThrow(
      "toy / joint: action slots: the policy has 1, this needs 2; toy / joint: state slots: the policy has 1, this needs 2; widen",
    );
  });
});
