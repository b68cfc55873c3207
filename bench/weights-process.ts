import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { z } from "zod";
import { exampleBatch } from "../src/batch/testing/example-batch.ts";
import { SafetensorsFile } from "../src/checkpoint/safetensors.ts";
import { weightKinds } from "../src/objective/integer-weights.ts";
import { traceActions } from "../src/objective/objective.ts";
import { ActionSampler } from "../src/objective/sample.ts";
import { settingOf, sizes, weightFile, weightVariants } from "./weights-file.ts";

/**
 * A policy that answers one robot, in a process of its own, so that its memory can be measured: it warms up, then answers once for each
 * line on its standard input.
 *
 *     node bench/weights-process.ts FOLDER VARIANT SIZE KIND THREADS
 */
const [folder = "", ...rest] = process.argv.slice(2);
const [variant, size, weightKind, threads] = z
  .tuple([z.enum(weightVariants), z.enum(sizes), z.enum(weightKinds), z.coerce.number().int().positive()])
  .parse(rest);
const setting = settingOf(variant, size);
const file = await SafetensorsFile.open(`${folder}/${weightFile}`);
const places = new Map(
  traceActions(setting).parameters.map(({ name }) => [name, { file: weightFile, ...file.placeOf(name) }]),
);
await file.close();
const began = performance.now();
const sampler = await ActionSampler.compile({
  setting,
  weights: { folder, places },
  placement: "written",
  weightKind,
  answers: null,
  machine: { device: "cpu", threads },
});
const batch = exampleBatch(setting.layout, 1);
const keys = [{ seed: 0, dataset: "bench", episode: 0, frame: 0, draw: 0 }];
const { cells } = await sampler.sample(batch, keys);
const startMs = performance.now() - began;
const startMib = await peakMib();
await writeFile("/proc/self/clear_refs", "5");
say({ startMs, startMib, actions: [...cells] });
for await (const _ of createInterface({ input: process.stdin })) {
  const [start, used] = [performance.now(), process.cpuUsage()];
  await sampler.sample(batch, keys);
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(used);
  say({ ms, processorMs: (user + system) / 1000, workingMib: await peakMib() });
}
sampler.release();

function say(facts: object): void {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

/** Largest memory that this process had, since it began or since `clear_refs` was written. */
async function peakMib(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
