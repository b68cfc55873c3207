import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadLibav } from "../libav.ts";
import { compareWritten } from "../testing/drawn/compare.ts";
import { datasetOf } from "../testing/drawn/draw.ts";
import { filmFaults, tableFaults } from "../testing/drawn/drawn-dataset.ts";
import { trySeed } from "../testing/drawn/try-seed.ts";
import { writeDrawn } from "../testing/drawn/write.ts";
import { hasFfmpeg } from "../testing/ffmpeg-program.ts";

const hasLibav = (await loadLibav()) !== null;
const share = hasFfmpeg() ? "one clip" : "nothing";

describe.skipIf(!hasLibav)("datasets that are drawn at random (needs node-av)", () => {
  test.each([0, 5, 10, 15, 20, 25, 30, 35, 40, 45])(
    "are read as drawn, or refused as they have to be: five seeds from %i",
    async (first) => {
      const tried = [];
      for (let seed = first; seed < first + 5; seed++) tried.push(await trySeed(seed, share));
      expect(tried.filter(({ found }) => found.length > 0)).toEqual([]);
    },
  );
});

test("the datasets of two thousand seeds have every fault, and the same seed the same dataset", () => {
  const drawn = Array.from({ length: 2000 }, (_, seed) => datasetOf(seed));
  for (const version of ["v2.1", "v3.0"] as const) {
    const faults = new Set(drawn.filter((each) => each.version === version).map(({ fault }) => fault));
    expect([...faults].sort()).toEqual([...filmFaults[version], ...tableFaults[version], null].sort());
  }
  const encoders = new Set(drawn.flatMap(({ cameras }) => cameras.map(({ style }) => style.encoder)));
  expect([...encoders].sort()).toEqual(["libsvtav1", "libvpx-vp9", "libx264", "libx265", "mpeg4"]);
  expect(datasetOf(7)).toEqual(drawn[7]);
});

describe.skipIf(!hasLibav)("the comparison notices (needs node-av)", () => {
  let root = "";
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "armature-"));
  });
  afterEach(async () => await rm(root, { recursive: true }));

  /** The first dataset without a fault that has films, written. */
  const written = async () => {
    const filmed = Array.from({ length: 100 }, (_, seed) => datasetOf(seed)).find(
      ({ fault, cameras }) => fault === null && cameras[0]?.kind === "film",
    )!;
    await writeDrawn(root, filmed);
    return filmed;
  };

  test("a picture that is one too late", async () => {
    const drawn = await written();
    const later = drawn.cameras.map((camera) => ({
      ...camera,
      films: camera.films.map((film) => ({ ...film, firstNumber: film.firstNumber + 1 })),
    }));
    expect(await compareWritten(root, { ...drawn, cameras: later }, "nothing")).toContainEqual(
      expect.stringMatching(/at row 0: expected picture \d+ in tint \d, got \d+ in/),
    );
  });

  test("another number, another instruction, and a fault that nobody refuses", async () => {
    const drawn = await written();
    expect(await compareWritten(root, { ...drawn, seed: drawn.seed + 1 }, "nothing")).toContainEqual(
      expect.stringMatching(/column action of episode \d+: expected .* at 0 of/),
    );
    const tasks = { ...drawn.tasks, texts: drawn.tasks.texts.map((text) => `${text}!`) };
    expect(await compareWritten(root, { ...drawn, tasks }, "nothing")).toContainEqual(
      expect.stringMatching(/tasks of episode \d+: expected .*!, got/),
    );
    expect(await compareWritten(root, { ...drawn, fault: "episode listed twice" }, "nothing")).toContainEqual(
      expect.stringMatching(/the dataset: expected a refusal with expected episode \d+ once, got none/),
    );
  });
});
