import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import type { PartialStrykerOptions } from "@stryker-mutator/api/core";
import { changedFiles, type MutatedFolder, sourceDigests, testDigest, testPaths } from "./folder.ts";
import type { Draw } from "./plugin.ts";

export interface Trial {
  readonly root: string;
  readonly folder: MutatedFolder;
  readonly seed: number;
  readonly percent: number;
  readonly ledger: string;
}

/**
 * Tries the drawn mutants of one folder, in copies of the repository; what becomes of each stands in the ledger at once.
 *
 * @param stop ends it, with whatever is running
 * @returns what StrykerJS said, where it did not come to its end by itself; `null` where it did
 */
export async function tryMutants(trial: Trial, stop: AbortSignal): Promise<string | null> {
  const place = mkdtempSync(join(tmpdir(), "armature-stryker-"));
  const config = join(place, "stryker.json");
  const shared = resolve(trial.root, "../shared");
  mkdirSync(join(place, "copies"));
  // Tests look for data beside the repository, and StrykerJS's copies of it lie in `copies/`.
  if (existsSync(shared)) symlinkSync(shared, join(place, "copies/shared"));
  writeFileSync(config, JSON.stringify(optionsOf(trial, join(place, "copies"))));
  try {
    return await ended(trial, { config, cache: join(place, "cache") }, stop);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

function optionsOf({ root, folder, seed, percent, ledger }: Trial, copies: string): PartialStrykerOptions {
  const [tests, sources] = [testDigest(root, folder), sourceDigests(root, folder)];
  const draw: Draw = { root, ledger, seed, percent, tests, sources, leftFunctions: [...folder.leftFunctions] };
  return {
    draw,
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner", join(import.meta.dirname, "plugin.ts")],
    checkers: ["drawn"],
    ignorers: ["left"],
    reporters: ["ledger"],
    mutate: changedFiles(folder),
    // Wording is no arithmetic; words that choose something are changed by what compares them.
    mutator: { excludedMutations: ["StringLiteral"] },
    coverageAnalysis: "perTest",
    // What runs while a module is loaded, or before a group of tests, would have every test run for each mutant.
    ignoreStatic: folder.slowTests.length > 0,
    vitest: { configFile: "tools/stryker/vitest.config.ts", related: false, pool: "threads" },
    concurrency: 1,
    dryRunTimeoutMinutes: 15,
    timeoutMS: 30_000,
    timeoutFactor: 4,
    tempDirName: copies,
    ignorePatterns: ["runs", ".armature", ".cache", "dist", "docs", "bench"],
    // The compiler of this repository has no interface that StrykerJS could read its configuration by, and tests need none.
    tsconfigFile: "none",
    disableTypeChecks: false,
    allowConsoleColors: false,
    warnings: { unknownOptions: false, slow: false, preprocessorErrors: true, unserializableOptions: true },
  };
}

async function ended(
  { root, folder }: Trial,
  { config, cache }: { config: string; cache: string },
  stop: AbortSignal,
): Promise<string | null> {
  const program = join(root, "node_modules/@stryker-mutator/core/bin/stryker.js");
  // A group of its own: the processes that it starts end with it.
  const child = spawn(process.execPath, [program, "run", config], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    cwd: root,
    env: { ...process.env, ARMATURE_CACHE: cache, ARMATURE_MUTATION_TESTS: testPaths(root, folder).join(",") },
  });
  const end = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  };
  stop.addEventListener("abort", end);
  const closed = new Promise<number | null>((settle) => child.once("close", settle));
  const [said, failed, status] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  stop.removeEventListener("abort", end);
  return status === 0 || stop.aborted ? null : said + failed;
}
