import { createHash } from "node:crypto";
import { openWorld } from "../../open-world.ts";
import { RankedSum } from "../../ranked-sum.ts";
import { gradientCells, gradientOf } from "../../testing/local-worlds.ts";
import type { World } from "../../world.ts";
import { launchOf } from "../launch.ts";
import { openMpiLibrary } from "../library.ts";
import { Mpi } from "../mpi.ts";
import { MpiLink } from "../mpi-link.ts";

/** What the tests of MPI run on several ranks: `node job.ts WHAT`. Each rank prints lines of JSON. */
const [, , what = ""] = process.argv;
const jobs: Readonly<Record<string, (world: World) => Promise<void>>> = { sums, gathers, waits, steps, loop, hoard };

const world = what === "pieces" ? await inPieces() : await openWorld(process.env, { deadlineSeconds: 2 });
print({ rank: world.rank, process: process.pid, places: world.places.map((place) => place.process) });
await (jobs[what] ?? gathers)(world);
await world.close();

/** Hashes of the sums of 1 to 9 gradients. */
async function sums(): Promise<void> {
  const sum = new RankedSum(world, () => ({ cells: new Float32Array(gradientCells) }));
  const hashes: string[] = [];
  for (let count = 1; count <= 9; count++) {
    const { start, end } = sum.begin(count);
    for (let micro = start; micro < end; micro++) {
      const storage = sum.storage();
      storage.cells.set(gradientOf(micro));
      sum.add(storage);
    }
    hashes.push(
      createHash("sha256")
        .update((await sum.total()).cells)
        .digest("hex"),
    );
  }
  print({ hashes });
}

/** What ranks gather, broadcast and count, as lengths and sums that a test can foretell. */
async function gathers(): Promise<void> {
  const parts = await world.gather("bytes", new Uint8Array(10_001 * world.rank).fill(world.rank + 1));
  const array = new Float64Array(5000).fill(world.rank + 0.5);
  await world.broadcastInto("array", array);
  print({
    gathered: parts.map((part) => [part.length, part.reduce((sum, byte) => sum + byte, 0)]),
    array: array.every((cell) => cell === 0.5),
    sum: [...(await world.sum("sum", Float64Array.of(world.rank, 0.1)))],
    stop: await world.any("stop", world.rank === 1),
  });
}

/** Turns of the event loop while rank 0 waits for a rank that sleeps for 400 ms. */
async function waits(): Promise<void> {
  let turns = 0;
  const ticking = setInterval(() => turns++, 10);
  if (world.rank === 1) await new Promise((resolve) => setTimeout(resolve, 400));
  await world.barrier("all here");
  clearInterval(ticking);
  print({ turns });
}

/** Steps without an end, until a signal stops all ranks at the same one. */
async function steps(): Promise<void> {
  let isAsked = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGUSR2"] as const)
    process.on(signal, () => {
      isAsked = true;
    });
  for (let step = 0; ; step++) {
    if (await world.any("stop", isAsked)) return print({ stopped: step });
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (step === 5) print({ ready: world.rank });
  }
}

/** Rank 1 computes without an end. */
async function loop(): Promise<void> {
  await world.barrier("begin");
  if (world.rank === 1) for (;;) performance.now();
  await world.barrier("counts");
}

/** Rank 1 takes memory without an end. */
async function hoard(): Promise<void> {
  await world.barrier("begin");
  const hoarded: number[][] = [];
  while (world.rank === 1) hoarded.push(Array.from({ length: 1000 }, (_, at) => at + 0.5));
  await world.barrier("counts");
}

/** Ranks whose messages travel in pieces of 1,000 bytes. */
async function inPieces(): Promise<World> {
  const launch = launchOf(process.env);
  if (launch === null) throw new Error("expected to be launched with several ranks");
  const mpi = new Mpi(openMpiLibrary(launch, undefined));
  const { World: AnyWorld } = await import("../../world.ts");
  return await AnyWorld.open(new MpiLink(mpi, mpi.start(), 1000), { deadlineSeconds: 2 });
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
