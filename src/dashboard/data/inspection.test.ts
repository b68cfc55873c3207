import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cacheFolder } from "../../cache-folder.ts";
import { idleRecipe, writeIdle } from "../testing/idle-dataset.ts";
import { inspection } from "./inspection.ts";
import { openData } from "./open-data.ts";
import { episodeSeries } from "./series.ts";

it("finds the row of a problem among those that are shown, and says where it is trimmed", async () => {
  const root = await mkdtemp(join(tmpdir(), "armature-idle-"));
  // Of eight rows the robot moves from 2 to 5; the column that training does not read is torn in a row that is shown, in two that are not.
  await writeIdle(join(root, "idle"), [4, 1, 6]);
  const open = await openData({ kind: "recipe", recipe: idleRecipe(root), manifest: null }, cacheFolder("statistics"));
  try {
    expect(open.problem).toBeNull();
    const [shown] = open.datasets;
    const { problems } = await inspection(shown!);
    expect(
      problems.map(({ code, episode, row, shownRow, isTrimmed }) => [code, episode, row, shownRow, isTrimmed]),
    ).toEqual([
      ["not-finite", 0, 4, 2, false],
      ["not-finite", 1, 1, null, true],
      ["not-finite", 2, 6, null, true],
    ]);
    const { actions, firstRow, length } = await episodeSeries(open, shown!, { episode: 0, scale: "raw" });
    expect([firstRow, length, actions.values[0]]).toEqual([2, 4, [0, 1, 2, 3]]);
  } finally {
    await open.close();
    await rm(root, { recursive: true });
  }
});

it("leaves rows as they are where nothing is trimmed", async () => {
  const root = await mkdtemp(join(tmpdir(), "armature-idle-"));
  await writeIdle(join(root, "idle"), [4, 1, 6]);
  const { data, ...rest } = idleRecipe(root);
  const datasets = data.datasets.map(({ trimIdle: _, ...own }) => own);
  const recipe = { ...rest, data: { ...data, datasets } };
  const open = await openData({ kind: "recipe", recipe, manifest: null }, cacheFolder("statistics"));
  const { problems } = await inspection(open.datasets[0]!);
  expect(problems.map(({ shownRow, isTrimmed }) => [shownRow, isTrimmed])).toEqual([
    [4, false],
    [1, false],
    [6, false],
  ]);
  await open.close();
  await rm(root, { recursive: true });
});
