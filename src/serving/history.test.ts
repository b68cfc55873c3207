import { beforeAll, describe, expect, it } from "vitest";
import { collate } from "../batch/collate.ts";
import { loadExample, type Reading } from "../batch/example.ts";
import { observationSlots } from "../batch/history.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { observe, type Robot, type RobotObservation } from "../batch/observation.ts";
import { byteTokenizer } from "../codec/prompt.ts";
import type { Feature, Picture } from "../dataset/dataset.ts";
import { type GeneratedDataset, generate } from "../dataset/generated.ts";
import { asFound } from "../embodiment/mapping.ts";
import type { Letterbox } from "../embodiment/picture.ts";
import { HostArray } from "../graph/host-array.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { InputError } from "../input-error.ts";
import { type Member, openMixture } from "../mixture/mixture.ts";
import { History } from "./history.ts";

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
  episodeLengths: [14],
  tasks: ["push"],
  seed: 1,
};
const dataset = generate(description);
const unit = { mode: "mean-std" as const, center: Float64Array.of(0.1, 0.2), scale: Float64Array.of(2, 3) };
const layout: BatchLayout = {
  rows: 3,
  steps: 2,
  actionWidth: 2,
  stateWidth: 3,
  views: 2,
  observations: 3,
  tokens: 8,
  responseTokens: 0,
  actionTokens: 0,
  pictureSize: 8,
};
const choice = {
  layout,
  prompt: "task",
  longPrompt: "refuse",
  letterbox: "antialiased-centred",
  tokenizer: byteTokenizer,
} as const;
const native: Pick<Reading, "rate" | "interval"> = { rate: "native", interval: 2 };

let member: Member;
let robot: Robot;
beforeAll(async () => {
  const { name, ...rest } = description;
  const source = { kind: "generated", description: rest } as const;
  const mapping = { ...asFound, controlMode: "joint" };
  const entry = { name, source, episodes: "all", mapping, role: "train", weight: null, validationRatio: 0.5 } as const;
  const views = ["base", "wrist"];
  const { mixture } = await openMixture({ seed: 1, views, windows: "every", entries: [entry], pictureMemoryBytes: 0 });
  member = mixture.members[0]!;
  robot = { name: "toy", embodiment: member.embodiment, normalizationGroup: 0, units: { action: unit, state: unit } };
});

const history = (reading: Pick<Reading, "rate" | "interval">) =>
  new History(robot, {
    slots: observationSlots(layout, reading),
    framesPerSecond: 10,
    pictureSize: 8,
    letterbox: "antialiased-centred" as const,
  });

async function observation(frame: number): Promise<RobotObservation> {
  const { cells } = (await dataset.table(0)).vector("observation.state");
  const base = await dataset.picture("observation.images.base", 0, frame, { height: 8, width: 8 });
  return { state: cells.slice(2 * frame, 2 * frame + 2), pictures: { base } };
}

async function seeUntil(own: History, frame: number): Promise<void> {
  for (let at = 0; at <= frame; at++) own.see(await observation(at));
}

const recorded = (frame: number, reading: Pick<Reading, "rate" | "interval">) =>
  loadExample(
    { member, dataset, action: unit, state: unit },
    { member: 0, episode: 0, frame, draw: 0 },
    {
      seed: 1,
      purpose: "validation",
      layout,
      reading: {
        ...reading,
        historyDropout: 0.5,
        responseDropout: 0,
        actionFrame: "absolute",
        pastEnd: "nothing",
        prompt: "task",
        letterbox: "antialiased-centred",
        longPrompt: "refuse",
        augmentation: "none",
      },
      tokenizer: byteTokenizer,
      answers: null,
    },
  );

/** An observation that says which frame it is, in its state and in every pixel. */
function counted(frame: number): RobotObservation {
  const base = new HostArray("h w c", [8, 8, 3], "uint8", new Uint8Array(8 * 8 * 3).fill(frame));
  return { state: [frame, -frame], pictures: { base } };
}

/** The frames that an observation slot's state and picture say. */
function shown(slot: RobotObservation | null): readonly [state: number, picture: number] | null {
  if (slot === null) return null;
  const { base } = slot.pictures;
  return [slot.state[0]!, base!.cells[0]!];
}

describe("a robot's history", () => {
  // 4 and 8 per second lie between the frames of 10 per second: 2.5 and 1.25 frames apart.
  it.each<Pick<Reading, "rate" | "interval">>([
    native,
    { rate: "native", interval: 1 },
    { rate: 4, interval: 1 },
    { rate: 8, interval: 1 },
    { rate: 8, interval: 3 },
  ])(
    "is at every frame, slot by slot, what the dataset gives there: $rate per second, $interval apart",
    async (reading) => {
      const own = history(reading);
      for (let frame = 0; frame < 14; frame++) {
        own.see(await observation(frame));
        const served = observe(robot, { observations: own.observations, prompt: "push" }, choice);
        const taught = await recorded(frame, reading);
        for (const part of ["state", "viewReal", "pictures"] as const)
          expectSameBits(`frame ${frame}, ${part}`, served[part], taught[part]);
      }
    },
  );

  it("holds only now at the first frame, fills by its interval, and is full from then on", async () => {
    const own = history(native);
    const real: number[][] = [];
    for (let frame = 0; frame < 6; frame++) {
      own.see(await observation(frame));
      real.push(own.observations.map((slot) => (slot === null ? 0 : 1)));
    }
    expect(real).toEqual([
      [0, 0, 1],
      [0, 0, 1],
      [0, 1, 1],
      [0, 1, 1],
      [1, 1, 1],
      [1, 1, 1],
    ]);
  });

  it("begins anew after a reset", async () => {
    const [used, fresh] = [history(native), history(native)];
    await seeUntil(used, 9);
    used.reset();
    for (const own of [used, fresh]) own.see(await observation(5));
    expectSameBits("observations", used.observations, fresh.observations);
    expect(used.length).toBe(1);
  });

  it("of robots side by side, each at its own age, is theirs alone", async () => {
    const ages = [0, 3, 11];
    const robots = await Promise.all(
      ages.map(async (frame) => {
        const own = history(native);
        await seeUntil(own, frame);
        return observe(robot, { observations: own.observations, prompt: "push" }, choice);
      }),
    );
    const served = collate(layout, robots);
    const taught = collate(layout, await Promise.all(ages.map((frame) => recorded(frame, native))));
    expect([...served.facts.historyReal.bits]).toEqual([0, 0, 1, 0, 1, 1, 1, 1, 1]);
    expectSameBits("historyReal", served.facts.historyReal, taught.facts.historyReal);
    for (const field of ["state", "images"] as const) expectSameBits(field, served[field], taught[field]);
  });

  it("at 4 slots per second holds what was seen half a second and a quarter before, worked out by hand", () => {
    // Of 10 frames per second: 5 and 2.5 frames before. A picture is the nearer frame's, of two as near the even one's.
    const own = history({ rate: 4, interval: 1 });
    const expected = new Map<number, readonly ([state: number, picture: number] | null)[]>([
      [0, [null, null, [0, 0]]],
      [2, [null, null, [2, 2]]],
      [3, [null, [0.5, 0], [3, 3]]],
      [
        5,
        [
          [0, 0],
          [2.5, 2],
          [5, 5],
        ],
      ],
      [
        6,
        [
          [1, 1],
          [3.5, 4],
          [6, 6],
        ],
      ],
      [
        13,
        [
          [8, 8],
          [10.5, 10],
          [13, 13],
        ],
      ],
    ]);
    // The second time frames are counted anew, after an odd number of them.
    for (const [first, frames] of [
      [0, 15],
      [40, 14],
    ] as const) {
      for (let frame = 0; frame < frames; frame++) {
        own.see(counted(first + frame));
        const wanted = expected.get(frame)?.map((slot) => slot && [first + slot[0], first + slot[1]]);
        if (wanted !== undefined) expect(own.observations.map(shown), `frame ${frame}`).toEqual(wanted);
      }
      own.reset();
    }
  });

  it("keeps what was seen, whatever becomes of the camera's buffer", async () => {
    const [own, other] = [history(native), history(native)];
    const state = [1, 2];
    const cells = new Uint8Array(8 * 8 * 3).fill(7);
    own.see({ state, pictures: { base: new HostArray("h w c", [8, 8, 3], "uint8", cells) } });
    other.see({ state: [1, 2], pictures: { base: new HostArray("h w c", [8, 8, 3], "uint8", cells.slice()) } });
    state[0] = 9;
    cells.fill(0);
    expectSameBits("observations", own.observations, other.observations);
  });

  it("refuses an observation that does not fit the robot, and goes on as if it had not been", async () => {
    const own = history(native);
    await seeUntil(own, 2);
    const before = own.observations;
    const misfit = { state: [1], pictures: { base: new HostArray("h w c", [8, 8, 1], "uint8", new Uint8Array(64)) } };
    expect(() => own.see(misfit)).toThrow(InputError);
    expect(() => own.see(misfit)).toThrow(
      'toy: expected a state of 2 entries, got 1; expected a picture [h w 3] of "base", got [8 8 1]',
    );
    expectSameBits("observations", own.observations, before);
  });

  it("that is empty gives no observation", () => {
    expect(() => history(native).observations).toThrow(
      "toy: expected an observation, got none since the session began",
    );
  });
});

it("keeps pictures as small as they are read, and squares them where weights bring a way of their own to", async () => {
  const { state } = await observation(0);
  const wide: Picture = new HostArray(
    "h w c",
    [8, 16, 3],
    "uint8",
    Uint8Array.from({ length: 384 }, (_, at) => at % 251),
  );
  const kept = (letterbox: Letterbox) => {
    const slots = observationSlots(layout, native);
    const own = new History(robot, { slots, framesPerSecond: 10, pictureSize: 8, letterbox });
    own.see({ state, pictures: { base: wide } });
    return own.observations.at(-1)!.pictures.base!;
  };
  // Of 8 × 16 pixels 4 × 8 are left, which are letterboxed when they are read.
  expect(kept("antialiased-centred").shape).toEqual([4, 8, 3]);
  const corner = kept("bilinear-bottom-right");
  expect(corner.shape).toEqual([8, 8, 3]);
  // The picture stands in the last rows; those before it are black.
  expect([...corner.cells.subarray(0, 96)].every((cell) => cell === 0)).toBe(true);
  expect([...corner.cells.subarray(96)].some((cell) => cell !== 0)).toBe(true);
});
