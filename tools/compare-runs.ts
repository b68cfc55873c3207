/**
 * Whether two runs are equal to the bit: the cells of their newest checkpoints by name, and the losses of their events in order.
 *
 *     node tools/compare-runs.ts RUN RUN
 *
 * A refactoring that changes no number leaves equal runs. Keys of events that one side lacks are told and do not count.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readSafetensors } from "../src/checkpoint/safetensors.ts";
import { listCheckpoints } from "../src/checkpoint/store.ts";

const files = ["parameters", "optimizer", "ema"] as const;
const eventSchema = z.object({ kind: z.string(), step: z.int() }).catchall(z.json());

const [one = "", other = ""] = process.argv.slice(2);
const differences = [...(await differingCells(one, other)), ...(await differingEvents(one, other))];
process.stdout.write(
  differences.length === 0 ? `equal to the bit: ${one} and ${other}\n` : `${differences.join("\n")}\n`,
);
process.exitCode = differences.length === 0 ? 0 : 1;

async function differingCells(left: string, right: string): Promise<string[]> {
  const [first, second] = [await newest(left), await newest(right)];
  if (first.step !== second.step) return [`checkpoints: step ${first.step} and step ${second.step}`];
  const found: string[] = [];
  for (const file of files) {
    const [x, y] = [await cellsOf(first.folder, file), await cellsOf(second.folder, file)];
    for (const name of new Set([...x.keys(), ...y.keys()])) {
      const [own, others] = [x.get(name), y.get(name)];
      if (own === undefined || others === undefined) found.push(`${file}: ${name}: only in one of them`);
      else if (!own.equals(others)) found.push(`${file}: ${name}: other cells`);
    }
    process.stdout.write(`${file}: ${x.size} arrays\n`);
  }
  return found;
}

async function newest(run: string) {
  const found = (await listCheckpoints(run)).whole.at(-1);
  if (found === undefined) throw new Error(`${run}: expected a whole checkpoint, got none`);
  return found;
}

async function cellsOf(folder: string, file: (typeof files)[number]): Promise<Map<string, Buffer>> {
  const path = join(folder, `${file}.safetensors`);
  const tensors = await readSafetensors(path);
  return new Map(
    [...tensors].map(([name, { cells }]) => [name, Buffer.from(cells.buffer, cells.byteOffset, cells.byteLength)]),
  );
}

/** Losses of steps and validations: what is computed, not how it is told. */
async function differingEvents(left: string, right: string): Promise<string[]> {
  const [x, y] = [await lossesOf(left), await lossesOf(right)];
  process.stdout.write(`events with a loss: ${x.length}\n`);
  if (x.length !== y.length) return [`events: ${x.length} and ${y.length}`];
  return x.flatMap((own, at) => (own === y[at] ? [] : [`event ${at}: ${own} and ${y[at]}`]));
}

async function lossesOf(run: string): Promise<string[]> {
  const text = await readFile(join(run, "events.jsonl"), "utf8");
  const events = text.split("\n").flatMap((line) => (line === "" ? [] : [eventSchema.parse(JSON.parse(line))]));
  return events.map(({ kind, step, loss, gradientNorm, aggregate, groups }) => {
    return JSON.stringify({
      kind,
      step,
      loss,
      gradientNorm,
      aggregate,
      groups: Array.isArray(groups) ? groups.length : 0,
    });
  });
}
