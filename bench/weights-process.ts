import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { z } from "zod";
import { exampleBatch } from "../src/batch/testing/example-batch.ts";
import { SafetensorsFile } from "../src/checkpoint/safetensors.ts";
import { HostArray } from "../src/graph/host-array.ts";
import type { StoredPlace } from "../src/graph/onnx.ts";
import type { ParameterValues } from "../src/nn/parameter.ts";
import { traceActions } from "../src/objective/objective.ts";
import { ActionSampler, placementFor } from "../src/objective/sample.ts";
import { weightKinds } from "../src/objective/weight-kind.ts";
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
const { parameters } = traceActions(setting);
const weights = weightKind === "bf16" ? await inMemory() : { folder, places: placesInFile() };
await file.close();
const began = performance.now();
const sampler = await ActionSampler.compile({
  setting,
  weights,
  placement: placementFor(weights, weightKind),
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

function placesInFile(): Map<string, StoredPlace> {
  return new Map(parameters.map(({ name }) => [name, { file: weightFile, ...file.placeOf(name) }]));
}

/** Products in bf16 are of weights in memory. */
async function inMemory(): Promise<ParameterValues> {
  const weights = new Map<string, HostArray<string, "float32">>();
  for (const { name, axes, shape } of parameters) {
    const { cells } = await file.read(name);
    if (cells instanceof Float32Array) weights.set(name, new HostArray(axes, shape, "float32", cells));
  }
  return weights;
}

function say(facts: object): void {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

/** Largest memory that this process had, since it began or since `clear_refs` was written. */
async function peakMib(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
