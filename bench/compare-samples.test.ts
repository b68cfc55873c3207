import { expect, test } from "vitest";
import { hasRealData, onRealData, realDataset } from "../src/dataset/testing/real-data.ts";
import { HostArray } from "../src/graph/host-array.ts";
import { compareSamples, squareMeans } from "./compare-samples.ts";
import { datasetOf, openLoading } from "./loading.ts";

test("means are taken over whole squares of 8 x 8 pixels, by channel", () => {
  const [height, width] = [9, 16];
  const cells = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      cells.set([y === 8 ? 255 : 8, x < 8 ? 10 : 20, y % 2 === 0 ? 0 : 100], (y * width + x) * 3);
  const means = squareMeans(new HostArray("h w c", [height, width, 3], "uint8", cells));
  expect([...means]).toEqual([8, 10, 50, 8, 20, 50]);
});

test.skipIf(!hasRealData)(
  onRealData("a sample that is ours differs from ours in nothing, and another frame in much"),
  async () => {
    const loading = await openLoading("dobot_cr5", realDataset("dobot_cr5"), 20);
    expect(new Set(loading.places.map(({ episode, frame }) => `${episode} ${frame}`)).size).toBe(20);
    const dataset = await datasetOf(loading);
    const [camera = ""] = dataset.cameras;
    const { episode, frame } = loading.places.find((place) => place.frame > 20)!;
    const sample = async (shown: number) => {
      const { cells } = await dataset.picture(camera, episode, shown, { height: 480, width: 640 });
      const table = await dataset.table(episode);
      const row = (key: string, width: number) => [
        ...table.vector(key).cells.slice(frame * width, (frame + 1) * width),
      ];
      return { episode, frame, camera, pixels: cells, state: row("observation.state", 6), action: row("action", 7) };
    };
    expect(await compareSamples(loading, [await sample(frame)])).toEqual({
      samples: 1,
      meanPixelDifference: 0,
      largestSquareDifference: 0,
      largestNumberDifference: 0,
    });
    expect((await compareSamples(loading, [await sample(frame - 10)])).largestSquareDifference).toBeGreaterThan(20);
    await dataset.close();
  },
);
