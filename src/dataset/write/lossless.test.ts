import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { HostArray } from "../../graph/host-array.ts";
import { loadLibav } from "../libav.ts";
import { openDataset } from "../read/open.ts";
import { inspectDataset } from "../read/validate.ts";
import { description, toyCamera, toyChoice } from "../testing/toy-recording.ts";
import { DatasetWriter } from "./dataset-writer.ts";

const hasLibav = (await loadLibav()) !== null;
const scratch = await mkdtemp(join(tmpdir(), "armature-lossless-"));
afterAll(() => rm(scratch, { recursive: true }));

/** Every pixel unlike its neighbours, of an odd size: what a codec with losses blurs. */
function noisePicture(frame: number) {
  let state = 12_345 + frame;
  const cells = Uint8Array.from({ length: 19 * 33 * 3 }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state >> 16;
  });
  return new HostArray("h w c", [19, 33, 3], "uint8", cells);
}

describe.skipIf(!hasLibav)("a recording that keeps every bit", () => {
  it("gives pictures and float64 columns back as they were, and has nothing wrong with it", async () => {
    const root = join(scratch, "exact");
    const changes = {
      codec: "h264-lossless",
      cameras: [{ key: toyCamera, height: 19, width: 33 }],
      vectors: [
        { key: "observation.state", names: ["a"] },
        { key: "action", names: ["a"] },
        { key: "kept", names: ["b", "c"], type: "float64" },
      ],
    } as const;
    const writer = await DatasetWriter.create(root, description("v3.0", changes));
    // Two episodes that run at the same time, then a third that joins their file.
    for (const [run, frame] of [
      [0, 0],
      [1, 10],
      [0, 1],
      [1, 11],
      [0, 2],
    ] as const)
      writer.add(row(frame), run);
    await writer.finishEpisode({}, 1);
    await writer.finishEpisode({}, 0);
    writer.add(row(20), 1);
    await writer.finishEpisode({}, 1);
    await writer.leave();
    const { problems } = await inspectDataset(root, "toy", () => {}, "ends");
    expect(problems).toEqual([]);
    const dataset = await openDataset(root, toyChoice);
    for (const [episode, frames] of [[10, 11], [0, 1, 2], [20]].entries()) {
      const kept = (await dataset.table(episode)).vector("kept");
      expect([...kept.cells]).toEqual(frames.flatMap((frame) => [frame + 0.1, frame / 3]));
      for (const [at, frame] of frames.entries()) {
        const shown = await dataset.picture(toyCamera, episode, at, { height: 19, width: 33 });
        expect(shown.cells, `episode ${episode}, frame ${at}`).toEqual(noisePicture(frame).cells);
      }
    }
    await dataset.close();
  });
});

function row(frame: number) {
  return {
    vectors: new Map([
      ["observation.state", [frame]],
      ["action", [-frame]],
      ["kept", [frame + 0.1, frame / 3]],
    ]),
    pictures: new Map([[toyCamera, noisePicture(frame)]]),
    task: "reach",
  };
}
