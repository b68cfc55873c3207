import { describe, expect, it } from "vitest";
import { byteTokenizer } from "../codec/prompt.ts";
import type { Feature } from "../dataset/dataset.ts";
import { generatedValue } from "../dataset/generated.ts";
import { augment, drawChange, usualAugmentation } from "../embodiment/augment.ts";
import { asFound, type Mapping } from "../embodiment/mapping.ts";
import { letterbox } from "../embodiment/picture.ts";
import { aloha, droid, libero } from "../embodiment/robot.ts";
import { expectOtherBits, expectSameBits } from "../graph/testing/bits.ts";
import { collate } from "./collate.ts";
import { loadExample, type Subject } from "./example.ts";
import {
  at,
  cameras,
  exampleChoice,
  pictureFeature,
  reading,
  subject,
  toy,
  toyDataset,
  vector,
} from "./testing/toy.ts";

const square = { height: 8, width: 8 };
const value = (key: string, entry: number, frame: number) =>
  Math.fround(generatedValue(toyDataset, key, entry, 0)(frame));

describe("an example", () => {
  it("holds the actions from its frame on, and past the episode's end nothing (openpi 681)", async () => {
    const { actions } = await loadExample(await toy(), at(10), exampleChoice);
    actions.read((values, valid) => {
      expect([...valid.bits]).toEqual([1, 1, 0, 0]);
      expect([...values.cells]).toEqual([
        value("action", 0, 10),
        value("action", 1, 10),
        value("action", 0, 11),
        value("action", 1, 11),
        0,
        0,
        0,
        0,
      ]);
    });
  });

  it("holds the last action once more in steps past the episode's end where weights read it, and they exist no more for it", async () => {
    const repeating = { ...exampleChoice, reading: { ...reading, pastEnd: "last action" } } as const;
    const { actions, stepReal } = await loadExample(await toy(), at(10), repeating);
    expect([...stepReal.bits]).toEqual([1, 1, 0, 0]);
    const last = [value("action", 0, 11), value("action", 1, 11)];
    const steps = [value("action", 0, 10), value("action", 1, 10), ...last, ...last, ...last];
    actions.read((values) => expect([...values.cells]).toEqual(steps));
    // In a delta frame the copy is of where the robot was to be, seen from the current state.
    const delta = { ...exampleChoice, reading: { ...repeating.reading, actionFrame: "delta" } } as const;
    const relative = await loadExample(await toy(), at(10), delta);
    relative.actions.read(({ cells }) =>
      expect([...cells.subarray(4)]).toEqual([...cells.subarray(2, 4), ...cells.subarray(2, 4)]),
    );
  });

  it("holds states and pictures of its slots, the last is now, and before the episode's start nothing", async () => {
    const own = await toy();
    const { state, pictures, viewReal } = await loadExample(own, at(3), exampleChoice);
    state.read((values, valid) => {
      expect([...valid.bits]).toEqual([0, 1, 1]);
      expect([...values.cells]).toEqual([
        0,
        0,
        ...[1, 3].flatMap((frame) => [0, 1].map((entry) => value("observation.state", entry, frame))),
      ]);
    });
    expect([...viewReal.bits]).toEqual([1, 0, 1, 0, 1, 0]);
    expect(pictures.map((picture) => picture !== null)).toEqual([false, false, true, false, true, false]);
    const seen = await own.dataset.picture("observation.images.top", 0, 3, { height: 8, width: 8 });
    expectSameBits("picture", pictures[4]!.cells.subarray(8 * 3, 7 * 8 * 3), seen.cells);
  });

  it("at a common rate takes steps by time: a joint between frames, a gripper from the nearest", async () => {
    const resampled = { ...exampleChoice, reading: { ...reading, rate: 4 } };
    const { actions } = await loadExample(await toy(), at(4), resampled);
    actions.read((values, valid) => {
      expect([...valid.bits]).toEqual([1, 1, 1, 0]);
      const elbow = generatedValue(toyDataset, "action", 0, 0);
      expect(values.cells[2]).toBeCloseTo((elbow(6) + elbow(7)) / 2, 6);
      expect(values.cells[3]).toBe(value("action", 1, 6));
    });
  });

  it("in a delta frame holds the way from the current state, but not for the gripper", async () => {
    const { actions } = await loadExample(await toy(), at(5), {
      ...exampleChoice,
      reading: { ...reading, actionFrame: "delta" },
    });
    const elbow = (key: string) => generatedValue(toyDataset, key, 0, 0);
    actions.read((values) => {
      expect(values.cells[2]).toBeCloseTo(elbow("action")(6) - elbow("observation.state")(5), 6);
      expect(values.cells[3]).toBe(value("action", 1, 6));
    });
  });

  it("drops history for the share of training samples asked for, by key, and never in validation", async () => {
    const own = await toy();
    const dropping = { ...exampleChoice, reading: { ...reading, historyDropout: 0.3 } };
    const kept = async (purpose: "train" | "validation", draw: number) =>
      (await loadExample(own, at(6, draw), { ...dropping, purpose })).historyKept;
    const trained = await Promise.all(Array.from({ length: 200 }, (_, draw) => kept("train", draw)));
    expect(Math.abs(trained.filter((keeps) => !keeps).length - 60)).toBeLessThan(26); // 4 standard errors.
    expect(await kept("train", 3)).toBe(trained[3]);
    const validated = await Promise.all(Array.from({ length: 50 }, (_, draw) => kept("validation", draw)));
    expect(validated.every((keeps) => keeps)).toBe(true);
    const { pictures } = await loadExample(own, at(6, trained.indexOf(false)), dropping);
    expect(pictures.map((picture) => picture !== null)).toEqual([false, false, false, false, true, false]);
  });

  it("drops history by the seed: of another seed in other samples", async () => {
    const own = await toy();
    const dropping = { ...exampleChoice, reading: { ...reading, historyDropout: 0.5 } };
    const kept = async (seed: number) =>
      Promise.all(
        Array.from(
          { length: 40 },
          async (_, draw) => (await loadExample(own, at(6, draw), { ...dropping, seed })).historyKept,
        ),
      );
    const [one, other] = [await kept(7), await kept(8)];
    // Of two seeds about half of the samples fare differently: 20 of 40, and 4 standard deviations are 12.6.
    expect(Math.abs(one.filter((keeps, draw) => keeps !== other[draw]).length - 20)).toBeLessThan(13);
  });

  it("has the instruction of its own frame, or of the mapping where that is fixed", async () => {
    const own = await toy();
    // The instruction changes in the middle of the episode.
    const table = async (episode: number) => ({
      ...(await own.dataset.table(episode)),
      tasks: Array.from({ length: 12 }, (_, frame) => (frame < 6 ? "push" : "pull")),
    });
    const changing = { ...own, dataset: { ...own.dataset, table } };
    const said = async (of: Subject, frame: number) =>
      byteTokenizer.decode((await loadExample(of, at(frame), exampleChoice)).tokens);
    expect([await said(changing, 5), await said(changing, 6), await said(changing, 11)]).toEqual([
      "push",
      "pull",
      "pull",
    ]);
    const prompt = { kind: "fixed", text: "go" } as const;
    const fixed = await subject(toyDataset, { ...asFound, controlMode: "joint", prompt, cameras }, ["base"]);
    expect(await said({ ...fixed, dataset: changing.dataset }, 6)).toBe("go");
  });

  it("changes pictures in training only, alike in all slots of a sample, another way in another draw", async () => {
    const own = await toy();
    const changing = { ...exampleChoice, reading: { ...reading, augmentation: usualAugmentation } };
    const pixels = async (purpose: "train" | "validation", draw: number) => {
      const { pictures } = await loadExample(own, at(6, draw), { ...changing, purpose });
      return [0, 2, 4].map((slot) => pictures[slot]);
    };
    // Slots of frames 2, 4 and 6, each its own picture, all changed as the sample's key says.
    const changed = async (draw: number) => {
      const key = { seed: 7, dataset: "toy", view: "base", episode: 0, frame: 6, draw };
      const change = drawChange(usualAugmentation, key);
      const seen = [2, 4, 6].map((frame) => own.dataset.picture("observation.images.top", 0, frame, square));
      return (await Promise.all(seen)).map((picture) => letterbox(augment(picture, change), 8));
    };
    const [first, middle, now] = await pixels("train", 0);
    expectOtherBits("frames 2 and 4", first, middle);
    expectOtherBits("frames 4 and 6", middle, now);
    for (const draw of [0, 1]) expectSameBits(`draw ${draw}`, await pixels("train", draw), await changed(draw));
    expectOtherBits("draws", await pixels("train", 1), await pixels("train", 0));
    const plain = await loadExample(own, at(6), exampleChoice);
    expectSameBits("validation", (await pixels("validation", 0))[2], plain.pictures[4]);
  });

  it("has the instruction of its own frame where it changes within the episode", async () => {
    const two = await subject({ ...toyDataset, tasks: ["push", "pull"] }, { ...asFound, controlMode: "joint" }, []);
    const said = async (frame: number) => {
      const { tokens } = await loadExample(two, at(frame), exampleChoice);
      return String.fromCharCode(...tokens.slice(1).map((token) => token - 2));
    };
    expect(await Promise.all([0, 5, 6, 11].map(said))).toEqual(["push", "push", "pull", "pull"]);
  });

  it("says which sample has no instruction, or one that is too long", async () => {
    const mute = await subject({ ...toyDataset, tasks: [] }, { ...asFound, controlMode: "joint" }, []);
    await expect(loadExample(mute, at(2), exampleChoice)).rejects.toThrow(
      'dataset "toy" episode 0 frame 2: expected an instruction, got none; give the mapping a fixed prompt',
    );
    const prompt = { kind: "fixed", text: "push the T to the goal" } as const;
    const wordy = await subject(toyDataset, { ...asFound, controlMode: "joint", prompt }, []);
    await expect(loadExample(wordy, at(2), exampleChoice)).rejects.toThrow(
      /frame 2: expected a prompt of at most 8 tokens, got 23/,
    );
  });

  it("of a question-answering dataset has no robot target, and says so apart from steps and dofs", async () => {
    const questions = await subject(toyDataset, { ...asFound, controlMode: "none", target: "none", cameras }, ["base"]);
    const example = await loadExample(questions, at(11), exampleChoice);
    expect([example.targetReal, example.dofSlots, [...example.actions.valid.bits]]).toEqual([false, [], [1, 0, 0, 0]]);
  });
});

describe("stepReal survives from the window to the batch (openpi fork: a mask that only one adapter extracts)", () => {
  const layout = {
    rows: 1,
    steps: 4,
    actionWidth: 16,
    stateWidth: 16,
    views: 3,
    observations: 1,
    tokens: 8,
    responseTokens: 0,
    actionTokens: 0,
    pictureSize: 8,
  };
  const robots: readonly (readonly [string, Mapping, readonly Feature[], number])[] = [
    [
      "ALOHA",
      aloha,
      [
        vector("action", 14),
        vector("observation.state", 14),
        ...["cam_high", "cam_left_wrist", "cam_right_wrist"].map((key) => pictureFeature(`observation.images.${key}`)),
      ],
      14,
    ],
    [
      "DROID",
      droid,
      [
        vector("actions", 8),
        vector("joint_position", 7),
        vector("gripper_position", 1),
        pictureFeature("exterior_image_1_left"),
        pictureFeature("wrist_image_left"),
      ],
      8,
    ],
    [
      "LIBERO",
      libero,
      [vector("actions", 7), vector("state", 8), pictureFeature("image"), pictureFeature("wrist_image")],
      7,
    ],
  ];

  for (const [name, mapping, features, width] of robots)
    it(`for ${name}, with exactly its own dofs`, async () => {
      const own = await subject({ ...toyDataset, features }, mapping, ["base", "left_wrist", "right_wrist"]);
      const single = { ...exampleChoice, layout: { ...exampleChoice.layout, observations: 1 } };
      const batch = collate(layout, [await loadExample(own, at(10), single)]);
      expect([...batch.facts.stepReal.bits]).toEqual([1, 1, 0, 0]);
      expect(batch.facts.dofReal.count).toBe(width);
      expect(batch.actions.valid.count).toBe(2 * width);
      expect(batch.facts.viewReal.count).toBe(own.member.embodiment.cameras.filter(({ key }) => key !== null).length);
    });
});
