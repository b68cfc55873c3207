import { describe, expect, it } from "vitest";
import { byteTokenizer } from "../codec/prompt.ts";
import { generate } from "../dataset/generated.ts";
import { asFound, type Mapping } from "../embodiment/mapping.ts";
import { openMixture } from "../mixture/mixture.ts";
import { recorded } from "../mixture/testing/recorded.ts";
import { checkMetadata, type MetadataCheckOptions } from "./metadata-check.ts";

const metadata = { format: "pi07", dropout: { all: 0, each: 0 } } as const;
const options: MetadataCheckOptions = {
  metadata,
  rate: "native",
  longPrompt: "refuse",
  tokenizer: byteTokenizer,
  limit: "Metadata: Quality: 9, ".length,
};

/** Two episodes of a dataset; the quality of frame 1 of the second. */
async function mixtureWith(quality: number, mapping: Partial<Mapping>) {
  const { dataset } = recorded(
    "toy",
    {
      action: [
        [[1], [2]],
        [[3], [4]],
      ],
      quality: [
        [[1], [2]],
        [[3], [quality]],
      ],
    },
    10,
  );
  const features = [...dataset.features.values()];
  const description = {
    robotType: "toy",
    framesPerSecond: 10,
    features,
    episodeLengths: [2, 2],
    tasks: ["wave"],
    seed: 1,
  };
  const source = { kind: "generated", description } as const;
  const own: Mapping = { ...asFound, controlMode: "joint", ...mapping };
  const entry = {
    name: "toy",
    source,
    episodes: "all",
    mapping: own,
    role: "both",
    weight: null,
    validationRatio: 0.5,
  } as const;
  const { mixture, close } = await openMixture({
    seed: 1,
    views: [],
    windows: "every",
    entries: [entry],
    pictureMemoryBytes: 0,
  });
  await close();
  return { mixture, datasets: [{ ...generate({ name: "toy", ...description }), table: dataset.table }] };
}
const told = { metadata: { quality: "quality", says: [] } } as const;

describe("metadata that would stop a sample", () => {
  it("are refused by the sample that has them, before anything is loaded", async () => {
    await expect(checkMetadata(await mixtureWith(9, told), options)).resolves.toBeUndefined();
    await expect(checkMetadata(await mixtureWith(10, told), options)).rejects.toThrow(
      'dataset "toy" episode 1 frame 1: expected metadata of at most 22 tokens, got 23: "Metadata: Quality: 10, "',
    );
  });

  it("stop none where they are cut, or not read, or not there", async () => {
    const long = await mixtureWith(1e9, told);
    await expect(checkMetadata(long, { ...options, longPrompt: "cut" })).resolves.toBeUndefined();
    const { metadata: _, ...unread } = options;
    await expect(checkMetadata(long, unread)).resolves.toBeUndefined();
    await expect(checkMetadata(await mixtureWith(1e9, {}), options)).resolves.toBeUndefined();
  });
});
