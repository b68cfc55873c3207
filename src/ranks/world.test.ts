import { expect, test } from "vitest";
import { localWorlds, onRanks } from "./testing/local-worlds.ts";

const sizes = [1, 2, 3, 4, 7, 8];
const ranksOf = (size: number) => Array.from({ length: size }, (_, rank) => rank);

test.each(sizes)(
  "what %i ranks give is gathered in order of ranks at every one of them, whatever its length",
  async (size) => {
    const worlds = await localWorlds(size, 60);
    const gathered = await onRanks(worlds, (world) =>
      world.gather("bytes", new Uint8Array(world.rank * 1000).fill(world.rank)),
    );
    for (const parts of gathered) {
      expect(parts.map(({ length }) => length)).toEqual(ranksOf(size).map((rank) => rank * 1000));
      for (const [rank, part] of parts.entries()) expect(part.every((byte) => byte === rank)).toBe(true);
    }
  },
);

test.each(sizes)("sums over %i ranks are added in order of ranks, in float64", async (size) => {
  const terms = [1, 2 ** 53, -(2 ** 53), 3, 0.1, 0.2, -0.3, 5];
  const worlds = await localWorlds(size, 60);
  const expected = terms.slice(0, size).reduce((sum, term) => sum + term);
  for (const sums of await onRanks(worlds, (world) => world.sum("terms", Float64Array.of(terms[world.rank]!, 1))))
    expect([...sums]).toEqual([expected, size]);
});

test.each(sizes)(
  "of %i ranks, one that wants to stop stops all of them, and the largest number is found",
  async (size) => {
    const worlds = await localWorlds(size, 60);
    expect(await onRanks(worlds, (world) => world.any("stop", false))).toEqual(ranksOf(size).map(() => false));
    expect(await onRanks(worlds, (world) => world.any("stop", world.rank === size - 1))).toEqual(
      ranksOf(size).map(() => true),
    );
    for (const [most] of await onRanks(worlds, (world) => world.max("loads", Float64Array.of(-world.rank - 3))))
      expect(most).toBe(-3);
  },
);

test.each(sizes)("bytes and arrays of rank 0 come to all %i ranks", async (size) => {
  const worlds = await localWorlds(size, 60);
  const texts = await onRanks(worlds, async (world) => {
    const bytes = await world.broadcast("name", new TextEncoder().encode(`rank ${world.rank}`));
    return new TextDecoder().decode(bytes);
  });
  expect(texts).toEqual(ranksOf(size).map(() => "rank 0"));
  const arrays = worlds.map(({ rank }) => new Float32Array(1000).fill(rank + 1));
  await onRanks(worlds, (world) => world.broadcastInto("weights", arrays[world.rank]!));
  for (const array of arrays) expect(array.every((cell) => cell === 1)).toBe(true);
});

test("a rank waits at a barrier for the slowest", async () => {
  const worlds = await localWorlds(3, 60);
  let arrived = 0;
  const seen = await onRanks(worlds, async (world) => {
    await new Promise((resolve) => setTimeout(resolve, 20 * world.rank));
    arrived++;
    await world.barrier("all here");
    return arrived;
  });
  expect(seen).toEqual([3, 3, 3]);
});

test("a rank that does not come within the deadline is named, and the others name rank 0 where it says nothing", async () => {
  const worlds = await localWorlds(4, 0.3);
  const waiting = worlds.filter(({ rank }) => rank !== 2).map((world) => world.sum("counts", Float64Array.of(1)));
  const [first, ...others] = await Promise.allSettled(waiting);
  expect(first).toMatchObject({
    reason: {
      message: expect.stringMatching(
        /^rank 0 \(process \d+ on .*\) of 4: counts: rank 2 \(process \d+ on .*\) did not come within 0\.3 s$/,
      ),
    },
  });
  for (const other of others)
    expect(other).toMatchObject({ reason: { message: expect.stringContaining("nothing was heard of rank 0 (") } });
});

test("ranks that are not at the same thing are named at once, with both things", async () => {
  const worlds = await localWorlds(3, 0.3);
  const [first] = await Promise.allSettled(
    worlds.map((world) => world.barrier(world.rank === 1 ? "save" : "validate")),
  );
  expect(first).toMatchObject({
    reason: {
      message: expect.stringContaining('at "validate" (meeting 1), it is at "save" (meeting 1)'),
    },
  });
});

test("tags come round again without two messages meeting", async () => {
  const worlds = await localWorlds(2, 60);
  for (let round = 0; round < 5; round++) {
    const seen = await onRanks(worlds, (world) =>
      world.exchange("many tags", 20_000, async (exchange) => {
        const [own, other] = [Float64Array.of(10 * round + world.rank), new Float64Array(1)];
        await Promise.all([
          exchange.send(1 - world.rank, 19_999, own),
          exchange.receive(1 - world.rank, 19_999, other),
        ]);
        return other[0];
      }),
    );
    expect(seen).toEqual([10 * round + 1, 10 * round]);
  }
});
