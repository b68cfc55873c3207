/**
 * A server under hostile clients: does it stand, does its memory stay, and do robots that behave go on as before?
 *
 *     node test/fuzz/run.ts --count 10000
 *     node test/fuzz/run.ts --run RUN --seed 3
 *
 * Starts `./armature serve`, attacks it (`attack.ts`) from several connections at once while a robot of the client asks, and prints one
 * line for each thing that held; it ends with 1 where one does not.
 */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { encodeObservation } from "../../client/observation.ts";
import { PolicyClient } from "../../client/policy-client.ts";
import { reachingRecipe } from "../../src/serving/testing/reaching.ts";
import { trainMicroRun } from "../../src/training/testing/micro-run.ts";
import { begin } from "../end-to-end/command.ts";
import { attacks } from "./attack.ts";
import { carryOut } from "./carry-out.ts";
import { Healthy, medianOf, observationFor } from "./healthy.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    run: { type: "string" },
    seed: { type: "string", default: "1" },
    attackers: { type: "string", default: "4" },
  },
});

const count = Number(values.count);
const own = values.run === undefined ? await trainMicroRun(reachingRecipe, 1) : null;
const megabyte = 2 ** 20;
const bounds = ["--message-megabytes", "1", "--connections", "32", "--limits", "off"];
const { child, finished } = begin("serve", values.run ?? own?.folder ?? "", "--port", "0", "--robots", "2", ...bounds);
const port = await listening();

const client = await PolicyClient.connect(`ws://127.0.0.1:${port}/?seed=1`);
const valid = encodeObservation({ ...observationFor(client.metadata), reset: true }, client.metadata);
const drawn = fc.sample(attacks(valid, megabyte), { numRuns: count, seed: Number(values.seed) });
const healthy = new Healthy(client);

const quiet = await healthy.during(() => pause(3000));
const fates = new Map<string, number>();
let begun = 0;
let warm = 0;
const hostile = await healthy.during(async () => {
  await Promise.all(Array.from({ length: Number(values.attackers) }, attackOn));
});
await pause(500);
const memory = residentBytes();

let failed = false;
for (const [name, times] of [...fates].sort()) say(true, `${name}: ${times}`);
say(child.exitCode === null, `the server stands after ${count} attacks`);
const growth = memory / warm - 1;
say(
  growth <= 0.05,
  `memory ${mebibytes(warm)} after a fifth of them, ${mebibytes(memory)} after all (${(100 * growth).toFixed(1)} %)`,
);
const ratio = medianOf(hostile.ms) / medianOf(quiet.ms);
say(
  ratio <= 2,
  `a robot's answers take ${medianOf(quiet.ms).toFixed(1)} ms alone, ${medianOf(hostile.ms).toFixed(1)} ms meanwhile (${ratio.toFixed(2)} times)`,
);
say(hostile.failures === 0, `${hostile.ms.length} answers of that robot, ${hostile.failures} failures`);
client.close();
child.kill("SIGTERM");
const { status } = await finished;
say(status === 0, `ended with ${status} where it was told to`);
await own?.remove();
process.exitCode = failed ? 1 : 0;

/** Takes one attack after the other, as long as there are some. */
async function attackOn(): Promise<void> {
  for (let at = begun++; at < drawn.length && child.exitCode === null; at = begun++) {
    if (at === Math.floor(count / 5)) warm = residentBytes();
    const attack = drawn[at]!;
    const name = `${attack.name}, ${await carryOut(attack, port)}`;
    fates.set(name, (fates.get(name) ?? 0) + 1);
  }
}

function say(held: boolean, what: string): void {
  failed ||= !held;
  process.stdout.write(`${held ? "held" : "DOES NOT HOLD"}: ${what}\n`);
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / megabyte)} MiB`;
}

/** Of the server's process. */
function residentBytes(): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"));
  return 1024 * Number(found?.[1]);
}

function listening(): Promise<number> {
  return new Promise((resolve) => {
    let said = "";
    child.stderr?.on("data", (part: Buffer) => {
      said = (said + part.toString()).slice(-4096);
      const found = /listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(said);
      if (found !== null) resolve(Number(found[1]));
    });
  });
}
