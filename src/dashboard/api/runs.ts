import { open, stat } from "node:fs/promises";
import { InputError } from "../../input-error.ts";
import { readRunRecipe, recipeFile } from "../../recipe/file.ts";
import type { Recipe } from "../../recipe/schema.ts";
import { eventFile, parseEvent } from "../../training/event-log.ts";
import type { Source, SourceFolders } from "../source.ts";
import type { Endpoint } from "./endpoint.ts";

/** One run as the list shows it. */
export interface RunLine {
  readonly name: string;
  /** Of its last event; `null` where there is none. */
  readonly step: number | null;
  /** That its recipe asks for; `null` where the recipe cannot be read. */
  readonly steps: number | null;
  readonly policy: string | null;
  readonly batchSize: number | null;
  readonly datasets: readonly string[];
  /** When its last event was written, in milliseconds since 1970. */
  readonly changedAt: number | null;
  readonly problems: readonly string[];
}

export interface RunList {
  readonly runs: readonly RunLine[];
}

export const runsEndpoint: Endpoint = {
  path: "/api/runs",
  summary: "the runs below the folders given, each with its last step",
  async answer({ sources }) {
    const found = await sources.list("run");
    const list: RunList = { runs: await Promise.all(found.map((source) => runLine(sources, source))) };
    return { kind: "json", value: list };
  },
};

export async function runLine(sources: SourceFolders, source: Source): Promise<RunLine> {
  const problems: string[] = [];
  const tell = (error: unknown) => {
    if (!(error instanceof Error)) throw error;
    // The page names the run before its problems.
    problems.push(error.message.replaceAll(`${source.folder}: `, "").replaceAll(`${source.folder}/`, ""));
    return null;
  };
  const recipe = await recipeOfSource(sources, source).catch(tell);
  const last = await lastEvent(sources, source).catch(tell);
  return {
    name: source.name,
    step: last?.step ?? null,
    changedAt: last?.changedAt ?? null,
    steps: recipe?.optimizer.steps ?? null,
    policy: recipe?.policy.variant ?? null,
    batchSize: recipe?.batch.size ?? null,
    datasets: recipe?.data.datasets.map(({ name }) => name) ?? [],
    problems,
  };
}

/** @throws InputError where there is none or it is not whole, RequestRefused where it is a link that leads out */
export async function recipeOfSource(sources: SourceFolders, source: Source): Promise<Recipe> {
  await sources.file(source, recipeFile);
  return await readRunRecipe(source.folder);
}

/** Bytes at the end of a log that are read for its last event. */
const tailBytes = 64 * 1024;

async function lastEvent(sources: SourceFolders, source: Source): Promise<{ step: number; changedAt: number } | null> {
  const path = await sources.file(source, eventFile);
  if (path === null) throw new InputError(`expected ${eventFile}, got none yet`);
  const { size, mtimeMs } = await stat(path);
  const tail = Buffer.alloc(Math.min(size, tailBytes));
  const file = await open(path, "r");
  try {
    await file.read(tail, 0, tail.length, size - tail.length);
  } finally {
    await file.close();
  }
  const line = tail.toString("utf8").split("\n").slice(0, -1).at(-1);
  if (line === undefined) return null;
  return { step: parseEvent("last line", line).step, changedAt: Math.round(mtimeMs) };
}
