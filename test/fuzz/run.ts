/**
 * A server under hostile clients: does it stand, does its memory stay, and do robots that behave go on as before?
 *
 *     node test/fuzz/run.ts --count 10000
 *     node test/fuzz/run.ts --run RUN --seed 3
 *
 * Starts `./armature serve`, attacks it (`attack.ts`) from several connections at once while a robot of the client asks, and prints one
 * line for each thing that held; it ends with 1 where one does not.
 */
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { median } from "../../bench/turns.ts";
import { encodeObservation } from "../../client/observation.ts";
import { PolicyClient } from "../../client/policy-client.ts";
import { attacks } from "./attack.ts";
import { carryOut } from "./carry-out.ts";
import { Healthy, observationFor } from "./healthy.ts";
import { mebibytes, ResidentMemory, say, serveInProcess } from "./served.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "10000" },
    run: { type: "string" },
    seed: { type: "string", default: "1" },
    attackers: { type: "string", default: "4" },
  },
});

const count = Number(values.count);
const words = ["--message-megabytes", "1", "--connections", "32", "--robots", "2"];
const server = await serveInProcess(values.run, words);
const { port } = server;

const client = await PolicyClient.connect(`ws://127.0.0.1:${port}/?seed=1`);
const purpose = { acts: true, course: null } as const;
const valid = encodeObservation({ ...observationFor(client.metadata), reset: true }, client.metadata, purpose);
const drawn = fc.sample(attacks(valid, 2 ** 20), { numRuns: count, seed: Number(values.seed) });
const healthy = new Healthy(client);

const quiet = await healthy.during(() => pause(3000));
const fates = new Map<string, number>();
let begun = 0;
const memory = new ResidentMemory(server, () => begun / count);
const hostile = await healthy.during(async () => {
  await Promise.all(Array.from({ length: Number(values.attackers) }, attackOn));
});
const [warm, last] = [memory.during(0.2, 0.4), memory.during(0.8, 1)];
memory.end();

for (const [name, times] of [...fates].sort()) say(true, `${name}: ${times}`);
say(server.isUp(), `the server stands after ${count} attacks`);
const growth = last / warm - 1;
say(
  growth <= 0.05,
  `memory ${mebibytes(warm)} in the second fifth of them, ${mebibytes(last)} in the last (${(100 * growth).toFixed(1)} %)`,
);
const [alone, meanwhile] = [median(quiet.ms), median(hostile.ms)];
const ratio = meanwhile / alone;
say(
  ratio <= 2,
  `a robot's answers take ${alone.toFixed(1)} ms alone, ${meanwhile.toFixed(1)} ms meanwhile (${ratio.toFixed(2)} times)`,
);
say(hostile.failures === 0, `${hostile.ms.length} answers of that robot, ${hostile.failures} failures`);
client.close();
const status = await server.stop();
say(status === 0, `ended with ${status} where it was told to`);

/** Takes one attack after the other, as long as there are some. */
async function attackOn(): Promise<void> {
  for (let at = begun++; at < drawn.length && server.isUp(); at = begun++) {
    const attack = drawn[at]!;
    const name = `${attack.name}, ${await carryOut(attack, port)}`;
    fates.set(name, (fates.get(name) ?? 0) + 1);
  }
}
