import { describe, expect, it } from "vitest";
import { byteTokenizer } from "../codec/prompt.ts";
import { asFound, type Mapping } from "../embodiment/mapping.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import { type ExampleChoice, loadExample, type Reading } from "./example.ts";
import { at, cameras, exampleChoice, layout, reading, subject, toy, toyDataset } from "./testing/toy.ts";

describe("an example", () => {
  it("shows a later frame to reach, as every camera saw it, and nothing where no camera is or training drops it", async () => {
    const own = await toy();
    const reaching = (dropout: number) => ({
      ...exampleChoice,
      reading: { ...reading, subgoals: { seconds: 0.3, furthest: 1, dropout } },
    });
    const { subgoals } = await loadExample(own, at(4), reaching(0));
    const seen = await own.dataset.picture("observation.images.top", 0, 7, { height: 8, width: 8 });
    expectSameBits("picture", subgoals[0]!.cells.subarray(8 * 3, 7 * 8 * 3), seen.cells);
    expect(subgoals.map((picture) => picture !== null)).toEqual([true, false]);
    expect((await loadExample(own, at(4), reaching(1))).subgoals).toEqual([]);
    const validated = await loadExample(own, at(4), { ...reaching(1), purpose: "validation" });
    expectSameBits("picture", validated.subgoals[0]!.cells, subgoals[0]!.cells);
    expect((await loadExample(own, at(4), exampleChoice)).subgoals).toEqual([]);
  });

  it("says what is known of its episode, in training now and then less", async () => {
    const mapping: Mapping = { ...asFound, controlMode: "joint", cameras, metadata: { says: ["fps", "control"] } };
    const own = await subject(toyDataset, mapping, ["base"]);
    const telling = (all: number, metadataTokens: number) => ({
      ...exampleChoice,
      layout: { ...layout, metadataTokens },
      reading: { ...reading, metadata: { format: "pi07", dropout: { all, each: 0 } } } as const,
    });
    const whole = "Metadata: FPS: 10,  Control: joint, ";
    const said = async (given: ExampleChoice) => [...(await loadExample(own, at(4), given)).metadata];
    expect(await said(telling(0, 36))).toEqual([...byteTokenizer.encodeBehind(whole)]);
    expect(await said(telling(1, 36))).toEqual([...byteTokenizer.encodeBehind("Metadata: FPS: 10, ")]);
    expect(await said({ ...telling(1, 36), purpose: "validation" })).toHaveLength(whole.length);
    expect(await said(exampleChoice)).toEqual([]);
    await expect(loadExample(own, at(4), telling(0, 35))).rejects.toThrow(
      'dataset "toy" episode 0 frame 4: expected metadata of at most 35 tokens, got 36',
    );
    const slower = telling(0, 35);
    const resampled = { ...slower, reading: { ...slower.reading, rate: 5 } };
    expect(await said(resampled)).toEqual([...byteTokenizer.encodeBehind("Metadata: FPS: 5,  Control: joint, ")]);
  });

  it("drops a response beside a subgoal alone, where subgoals are shown", async () => {
    const saying = {
      ...toyDataset,
      features: [...toyDataset.features, { key: "next", type: "string", shape: [1], names: null }],
    };
    const own = await subject(saying, { ...asFound, controlMode: "joint", cameras, response: "next" }, ["base"]);
    const answering = (shown: Partial<Reading>) => ({
      ...exampleChoice,
      layout: { ...layout, tokens: 13, responseTokens: 40 },
      reading: { ...reading, prompt: "pi07", responseDropout: 1, ...shown } as const,
    });
    const lengthWith = async (shown: Partial<Reading>) =>
      (await loadExample(own, at(4), answering(shown))).response.length;
    const subgoals = { seconds: 0.3, furthest: 1 };
    expect(await lengthWith({})).toBe(0);
    expect(await lengthWith({ subgoals: { ...subgoals, dropout: 0 } })).toBe(0);
    expect(await lengthWith({ subgoals: { ...subgoals, dropout: 1 } })).toBe("Subtask: push, ".length);
  });

  it("holds the response that its mapping names a column of, where the policy reads any and its episode has one", async () => {
    const features = [...toyDataset.features, { key: "subtask", type: "string", shape: [1], names: null }];
    const said = { ...toyDataset, features, episodeLengths: [12, 12, 12], tasks: ["push", "pull"] };
    const mapped = await subject(said, { ...asFound, controlMode: "joint", cameras, response: "subtask" }, ["base"]);
    const reads = { ...exampleChoice, layout: { ...layout, responseTokens: 30 } };
    const words = async (frame: number, episode: number, of: ExampleChoice) => {
      const { response } = await loadExample(mapped, { ...at(frame), episode }, of);
      return Buffer.from(Uint8Array.from(response.subarray(11), (token) => token - 2)).toString();
    };
    expect(await words(0, 0, reads)).toBe("pull<eos>;\n");
    expect(await words(6, 0, reads)).toBe("push<eos>;\n");
    expect(await words(0, 2, reads)).toBe("");
    expect(await words(0, 0, exampleChoice)).toBe("");
    const unmapped = await subject(said, { ...asFound, controlMode: "joint", cameras }, ["base"]);
    expect((await loadExample(unmapped, at(0), reads)).response).toHaveLength(0);
  });

  it("lacks its response in the asked-for share of the training draws, keyed by sample and draw, and never in validation", async () => {
    const features = [...toyDataset.features, { key: "subtask", type: "string", shape: [1], names: null }];
    const mapping = { ...asFound, controlMode: "joint", cameras, response: "subtask" };
    const own = await subject({ ...toyDataset, features, tasks: ["push", "pull"] }, mapping, ["base"]);
    const dropping = {
      ...exampleChoice,
      layout: { ...layout, observations: 1, responseTokens: 30, pictureSize: 1 },
      reading: { ...reading, responseDropout: 0.3 },
    };
    const has = async (purpose: ExampleChoice["purpose"]) => {
      const draws = Array.from({ length: 240 }, (_, n) => at(n % 12, Math.floor(n / 12)));
      const found = draws.map(
        async (each) => (await loadExample(own, each, { ...dropping, purpose })).response.length > 0,
      );
      return await Promise.all(found);
    };
    const kept = await has("train");
    const share = kept.filter(Boolean).length / kept.length;
    // Two standard deviations of a share of 0.7 in 240 draws are 0.06.
    expect(Math.abs(share - 0.7)).toBeLessThan(0.06);
    expect(await has("train")).toEqual(kept);
    expect(new Set(kept.slice(0, 12)).size).toBe(2);
    expect(await has("validation")).not.toContain(false);
  });
});
