import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSmallTokenizer } from "../codec/testing/small-tokenizer.ts";
import { loadLibav } from "../dataset/libav.ts";
import { description, side, toyPicture } from "../dataset/testing/toy-recording.ts";
import { DatasetWriter } from "../dataset/write/dataset-writer.ts";
import { isOpenvinoThere } from "../graph/testing/openvino.ts";
import { InputError } from "../input-error.ts";
import type { WeightKind } from "../objective/weight-kind.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { findPolicy } from "../serving/load.ts";
import { type ImportedFolder, importFolder } from "../training/testing/imported-run.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { changeLine, refuseWrongActions, weightChangeSaid } from "./serve-weights.ts";

const hasLibav = (await loadLibav()) !== null;
let run: MicroRun;
beforeAll(async () => {
  run = await trainMicroRun(awkwardRecipe, 1);
});
afterAll(() => run.remove());

/** What a server says of weights, and what it returns. */
async function said(folder: string, weights: WeightKind, weightSamples: number, measureOn: string | null = null) {
  const lines: string[] = [];
  const { recipe } = await findPolicy(folder).catch(() => run);
  const given = { weights, weightSamples, measureOn };
  const change = await weightChangeSaid(folder, recipe, given, (line) => void lines.push(line));
  return { change, lines };
}

it("a server says for each robot what integers change, and nothing where it was not asked", async () => {
  const { change, lines } = await said(run.folder, "int8", 2);
  expect(lines).toEqual(change?.map((robot) => changeLine("int8", robot)));
  expect(lines.length).toBeGreaterThan(1);
  expect(await said(run.folder, "float32", 2)).toEqual({ change: null, lines: [] });
  expect(await said(run.folder, "int8", 0)).toEqual({ change: null, lines: [] });
});

it.skipIf(!isOpenvinoThere())("the same of products in bf16, which move actions less than integers do", async () => {
  const [integers, halves] = [await said(run.folder, "int8", 2), await said(run.folder, "bf16", 2)];
  expect(halves.lines).toEqual(halves.change?.map((robot) => changeLine("bf16", robot)));
  const moved = ({ change }: typeof halves) =>
    change!.flatMap((robot) => (robot.change === null ? [] : [robot.change]));
  expect(moved(halves).length).toBeGreaterThan(1);
  expect(Math.min(...moved(halves))).toBeGreaterThan(0);
  expect(Math.max(...moved(halves))).toBeLessThan(Math.max(...moved(integers)));
});

it("products in bf16 are refused that move a robot's actions by a quarter of what they vary or err by", () => {
  const robot = { dataset: "cr5", controlMode: "joint", samples: 32, otherError: 2 };
  const refused = (change: number | null, ownError: number | null) => () =>
    refuseWrongActions({ ...robot, change, ownError });
  for (const [change, ownError] of [
    [0.25, 0.1],
    [0.5, 2],
    [null, null],
  ] as const)
    expect(refused(change, ownError)).not.toThrow();
  expect(refused(0.51, 2)).toThrow(
    "--weights bf16: expected the actions of cr5 / joint that float32 gives, within 0.5 standard deviations, got some that moved by 0.51; take --weights float32",
  );
  expect(refused(0.26, 0.1)).toThrow(InputError);
});

it("says so where held-out samples are not there", async () => {
  const { change, lines } = await said(join(run.folder, "nowhere"), "int8", 2);
  expect(change).toBe(null);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("weights as int8: what that changes of actions was not measured: ");
  expect(lines[0]).toMatch(/nowhere.*; --measure-on FOLDER measures it on a LeRobot dataset of the robot$/);
});

describe("weights that were imported without a dataset", () => {
  const origin = join(import.meta.dirname, "../../test/parity/released/pi0");
  let imported: ImportedFolder;
  let place = "";
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), "armature-measured-"));
    writeSmallTokenizer(join(place, "words"), []);
    imported = await importFolder(origin, origin, undefined, {
      tokenizer: join(place, "words"),
      actionTokenizer: null,
    });
  });
  afterAll(async () => {
    await imported.remove();
    await rm(place, { recursive: true });
  });

  /** A dataset of two episodes with a robot of so many dofs, and six state entries. */
  async function recorded(name: string, dofs: number): Promise<string> {
    const root = join(place, name);
    const named = (count: number) => Array.from({ length: count }, (_, at) => `joint ${at}`);
    const vectors = [
      { key: "observation.state", names: named(6) },
      { key: "action", names: named(dofs) },
    ];
    const cameras = [{ key: "observation.images.top", height: side, width: side }];
    const writer = await DatasetWriter.create(root, description("v3.0", { vectors, cameras }));
    for (const episode of [0, 1]) {
      for (let frame = 0; frame < 6; frame++) {
        const numbers = (count: number) => named(count).map((_, at) => Math.sin(at + frame / 3 + episode));
        writer.add({
          vectors: new Map([
            ["observation.state", numbers(6)],
            ["action", numbers(dofs)],
          ]),
          pictures: new Map([["observation.images.top", toyPicture(episode, frame)]]),
          task: "pick",
        });
      }
      await writer.finishEpisode({});
    }
    await writer.finish();
    return root;
  }

  it("are not measured, and one line says how they are", async () => {
    expect(await said(imported.folder, "int8", 2)).toEqual({
      change: null,
      lines: [
        "weights as int8: what that changes of actions was not measured, as the weights were imported without a dataset; " +
          "--measure-on FOLDER measures it on a LeRobot dataset of the robot",
      ],
    });
  });

  it.skipIf(!hasLibav)("are measured on one of their robot that is given, on episodes that are held out", async () => {
    const { change, lines } = await said(imported.folder, "int8", 2, await recorded("own", 5));
    expect(change).toHaveLength(1);
    const [robot] = change!;
    expect(robot).toMatchObject({ dataset: "imported", controlMode: "unknown", samples: 2 });
    expect(lines).toEqual([changeLine("int8", robot!)]);
    // Products are off by half a percent or so.
    expect(robot!.change).toBeGreaterThan(0);
    expect(robot!.change).toBeLessThan(0.1 * robot!.ownError!);
  });

  it.skipIf(!hasLibav)("refuse one of another robot, and a folder that is none, in one line", async () => {
    const other = await recorded("other", 4);
    await expect(said(imported.folder, "int8", 2, other)).rejects.toThrow(
      `--measure-on ${other}: expected 5 dofs and 6 state entries, as the weights have, got 4 and 6`,
    );
    await expect(said(imported.folder, "int8", 2, place)).rejects.toThrow(InputError);
  });
});

it("the dataset of a policy of several is not another folder's", async () => {
  await expect(said(run.folder, "int8", 2, run.folder)).rejects.toThrow(
    /^--measure-on: expected a policy of one dataset, got one of \d \(.*arm \/ joint, .*\); put theirs where the run's recipe says$/,
  );
});

it("a line has standard deviations, or says that nothing moves", () => {
  const robot = { dataset: "cr5", controlMode: "joint", samples: 32 };
  expect(changeLine("int8", { ...robot, change: 0.01234, ownError: 0.5, otherError: 0.50123 })).toBe(
    "weights as int8: actions of cr5 / joint move by 0.0123 standard deviations on 32 held-out samples, and their error goes from 0.5 to 0.501",
  );
  expect(changeLine("int8", { ...robot, change: null, ownError: null, otherError: null })).toBe(
    "weights as int8: nothing of cr5 / joint moves in its 32 held-out samples",
  );
});
