import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { z } from "zod";
import { nothingGiven, readForeignPolicy, readForeignWeights } from "../src/checkpoint/import/foreign.ts";
import { factsBeside } from "../src/checkpoint/import/given.ts";
import { foreignTensors } from "../src/checkpoint/import/names.ts";
import { TensorSource } from "../src/checkpoint/import/tensor-source.ts";
import { mapSafetensors } from "../src/checkpoint/mapped-safetensors.ts";
import { SafetensorsFile, writeSafetensorsInBlocks } from "../src/checkpoint/safetensors.ts";
import { withAxes } from "../src/checkpoint/weights.ts";
import { parseInput } from "../src/parse-input.ts";
import { ReferenceCase } from "../tools/parity/case.ts";
import { type GivenPolicy, openPolicyTask, type PolicyTask } from "./policy-task.ts";
import { caseTraced } from "./policy-traced.ts";

/**
 * Our side of `lerobot_policy.py`, in a process of its own, so that its memory can be measured: the same arguments, the same protocol.
 *
 *     node bench/policy-process.ts import FOLDER                   once, before "step": the weights as an import leaves them
 *     node bench/policy-process.ts answer|answer-int8|answer-bf16|step FOLDER THREADS [PROFILE]      where to write each operator's time: the start of a file name
 */
const [task = "", folder = "", threads = "", profile] = process.argv.slice(2);

/** The weights as an import leaves them. */
const ownWeights = "own.safetensors";

const caseSchema = z.object({
  trained: z.array(z.string()),
  optimizer: z.object({
    lr: z.number(),
    betas: z.tuple([z.number(), z.number()]),
    eps: z.number(),
    weight_decay: z.number(),
    grad_clip_norm: z.number(),
  }),
});

async function givenIn(place: string, kind: PolicyTask): Promise<GivenPolicy> {
  const reference = await ReferenceCase.read(join(place, kind === "step" ? kind : "answer"));
  const said = parseInput("case.json", caseSchema, JSON.parse(await readFile(join(place, "case.json"), "utf8")));
  const source = await TensorSource.open(place);
  const policy = await readForeignPolicy(source, await factsBeside(place, nothingGiven));
  const theirs = new Set(said.trained);
  const { lr, betas, eps, weight_decay, grad_clip_norm } = said.optimizer;
  const file = await SafetensorsFile.open(join(place, "model.safetensors"));
  return {
    placesOf: (forms) => ({
      folder: place,
      places: new Map(
        foreignTensors(policy.names, forms).map(({ parameter, name }) => [
          parameter,
          { file: "model.safetensors", ...file.placeOf(name) },
        ]),
      ),
    }),
    learningRate: lr,
    optimizer: { betas, epsilon: eps, weightDecay: weight_decay, clip: grad_clip_norm, ema: null },
    traced: caseTraced(policy, reference),
    read: (forms) => readForeignWeights(source, policy.names, forms),
    map: async (forms) => {
      const tensors = await mapSafetensors(join(place, ownWeights));
      return withAxes(
        join(place, ownWeights),
        tensors,
        "",
        forms.map((form) => [form.name, form]),
      );
    },
    trains: (form) => foreignTensors(policy.names, [form]).some(({ name }) => theirs.has(name)),
  };
}

if (task === "import") {
  const given = await givenIn(folder, "step");
  await writeSafetensorsInBlocks(join(folder, ownWeights), await given.read(given.traced.objectives().parameters));
  process.exit(0);
}
const kind = z.enum(["answer", "answer-int8", "answer-bf16", "step"]).parse(task);
const own = await openPolicyTask(kind, await givenIn(folder, kind), {
  device: "cpu",
  threads: Number(threads),
  ...(profile === undefined ? {} : { profile }),
});
// What the task was made of has been read, and is no part of it: collected now, as Python lets go of it by itself.
setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");
if (typeof collect === "function") collect();
const first = await own.run();
const whole = await peakMib();
await writeFile("/proc/self/clear_refs", "5");
say({ ready: true, computed: first });
for await (const _ of createInterface({ input: process.stdin })) {
  const [start, used] = [performance.now(), process.cpuUsage()];
  const computed = await own.run();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(used);
  const workingMib = await peakMib();
  say({ ms, processorMs: (user + system) / 1000, peakMib: Math.max(whole, workingMib), workingMib, computed });
}
own.release();

function say(facts: object): void {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

/** Largest memory that this process had, since it began or since `clear_refs` was written. */
async function peakMib(): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
