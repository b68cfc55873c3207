import { expect, it } from "vitest";
import type { Dataset } from "../../dataset/dataset.ts";
import { generate } from "../../dataset/generated.ts";
import { InputError } from "../../input-error.ts";
import { lookThrough, reasons } from "./look.ts";

const dataset = generate({
  name: "toy",
  robotType: "toy",
  framesPerSecond: 10,
  features: [{ key: "action", type: "float32", shape: [1], names: null }],
  episodeLengths: [4, 4, 4, 4],
  tasks: ["reach", "push"],
  seed: 1,
});

/** The toy with some episodes that cannot be read, and rows of others that have no instruction. */
function spoilt(unreadable: readonly number[], silent: readonly number[]): Dataset {
  const table: Dataset["table"] = async (episode) => {
    if (unreadable.includes(episode)) throw new InputError("the file is cut short");
    const whole = await dataset.table(episode);
    return silent.includes(episode) ? { ...whole, tasks: [null, ...whole.tasks.slice(1)] } : whole;
  };
  return { ...dataset, table };
}

it("every instruction of every episode is there once", async () => {
  const seen: number[] = [];
  const rows = await lookThrough(dataset, ["action"], (done) => seen.push(done));
  expect(rows).toEqual({ episodes: dataset.episodes, leftOut: [], instructions: ["reach", "push"] });
  expect(seen).toEqual([1, 2, 3, 4]);
});

it("episodes that cannot be read, or are told nothing where others are, are left out with the reason", async () => {
  const { episodes, leftOut } = await lookThrough(spoilt([1, 2], [0]), ["action"], () => {});
  expect(episodes.map(({ index }) => index)).toEqual([3]);
  expect(reasons(leftOut)).toBe("1–2: the file is cut short; 0: rows without an instruction");
});

it("a dataset that is told nothing at all keeps its episodes", async () => {
  const { episodes, instructions } = await lookThrough(
    generate({
      name: "mute",
      robotType: "toy",
      framesPerSecond: 10,
      features: [],
      episodeLengths: [2, 2],
      tasks: [],
      seed: 1,
    }),
    [],
    () => {},
  );
  expect([episodes.length, instructions]).toEqual([2, []]);
});

it("a dataset without an episode that can be read is refused with the reasons", async () => {
  await expect(lookThrough(spoilt([0, 1, 2, 3], []), [], () => {})).rejects.toThrow(
    'dataset "toy": expected an episode that can be read, got 0–3: the file is cut short',
  );
});
