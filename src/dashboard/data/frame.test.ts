import { afterAll, beforeAll, expect, it } from "vitest";
import { BatchMaker } from "../../batch/maker.ts";
import { cacheFolder } from "../../cache-folder.ts";
import { openPictureReader } from "../../dataset/read/video.ts";
import { layoutOf, loadPlanOf } from "../../recipe/plan.ts";
import { awkwardRecipe } from "../../recipe/testing/awkward-recipe.ts";
import { framePng } from "./frame.ts";
import { type OpenData, openData, type ShownDataset } from "./open-data.ts";

let open: OpenData;
let arm: ShownDataset;
beforeAll(async () => {
  open = await openData({ kind: "recipe", recipe: awkwardRecipe, manifest: null }, cacheFolder("statistics"));
  arm = open.datasets.find(({ name, controlMode }) => name === "arm" && controlMode === "joint")!;
});
afterAll(() => open.close());

async function pixels(bytes: Uint8Array) {
  const reader = await openPictureReader();
  try {
    return await reader.still(bytes, { height: 1000, width: 1000 });
  } finally {
    reader.close();
  }
}

it("shows the square that a batch of held-out samples has of that row, pixel by pixel", async () => {
  const [episode, row] = [4, 5];
  const maker = await BatchMaker.open(loadPlanOf(open.plan!));
  const layout = layoutOf(awkwardRecipe, 1);
  const draws = [{ member: open.datasets.indexOf(arm), episode, frame: row, draw: 0 }];
  const batch = await maker.make({ purpose: "validation", layout, draws });
  await maker.close();
  const camera = arm.embodiment!.cameras[1]!.key!;
  const shown = await pixels(await framePng(open, arm, { camera, episode, row, form: "policy" }));
  const side = layout.pictureSize ** 2 * 3;
  // The newest of three slots, the second of two views.
  const read = batch.images.read(({ cells }) => cells.slice((2 * 2 + 1) * side, (2 * 2 + 2) * side));
  expect(shown.shape).toEqual([layout.pictureSize, layout.pictureSize, 3]);
  expect(shown.cells).toEqual(read);
});

it("shows what was recorded in its own size", async () => {
  const shown = await pixels(await framePng(open, arm, { camera: "over", episode: 0, row: 12, form: "recorded" }));
  expect(shown.shape).toEqual([18, 14, 3]);
});

it("refuses rows and episodes that are not in use", async () => {
  const asked = (episode: number, row: number) =>
    framePng(open, arm, { camera: "over", episode, row, form: "recorded" });
  await expect(asked(0, 13)).rejects.toThrow(
    'dataset "arm": expected a row of an episode that is in use, got row 13 of episode 0, which has 13',
  );
  await expect(asked(0, -1)).rejects.toThrow("got row -1 of episode 0");
  await expect(asked(0, 0.5)).rejects.toThrow("got row 0.5 of episode 0");
  await expect(asked(1, 0)).rejects.toThrow("got row 0 of episode 1");
});
