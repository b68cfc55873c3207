import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import type { CommandOutcome } from "../src/command/definition.ts";
import { table } from "../src/command/table.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { recomputes } from "../src/objective/objective.ts";
import { parseInput } from "../src/parse-input.ts";
import { median } from "./turns.ts";

/** Policies and rows of a micro-batch, as `--set` says them of `recipes/real-mixture.ts`. */
const settings: readonly (readonly string[])[] = [
  ["policy.size=tiny", "batch.microBatch=16"],
  ["policy.size=tiny", "batch.microBatch=16", "policy.variant=smolvla"],
];

const measuredSchema = z.strictObject({ processorMs: z.array(z.number()), grownMib: z.number() });

interface Row extends z.infer<typeof measuredSchema> {
  readonly policy: string;
  readonly recompute: string;
}

/** What a gradient costs and needs where it computes layers twice, and where it does not; each in a process of its own. */
export async function benchRecompute(
  { rounds, threads }: { readonly rounds: number; readonly threads: number },
  terminal: Terminal,
): Promise<CommandOutcome> {
  const rows: Row[] = [];
  for (const own of settings)
    for (const recompute of recomputes) {
      terminal.err.write(`recompute: ${own.join(" ")}: ${recompute}\n`);
      const found = await measured([recompute, String(rounds), String(threads), ...own]);
      rows.push({ policy: own.join(" "), recompute, ...found });
    }
  const lines = rows.map(({ policy, recompute, processorMs, grownMib }) => [
    policy,
    recompute,
    median(processorMs).toFixed(0),
    grownMib.toFixed(0),
  ]);
  const columns = [
    { title: "policy", align: "left" },
    { title: "computed twice", align: "left" },
    { title: "processor ms", align: "right" },
    { title: "memory MiB", align: "right" },
  ] as const;
  return { status: 0, json: { rounds, threads, rows }, text: table(columns, lines) };
}

async function measured(words: readonly string[]): Promise<z.infer<typeof measuredSchema>> {
  const script = fileURLToPath(new URL("./recompute-process.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...words]);
  return parseInput("recompute-process.ts", measuredSchema, JSON.parse(stdout));
}
