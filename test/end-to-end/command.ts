import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../src/command/root.ts";

/** What a finished command leaves. */
export interface Finished {
  /** `null` where a signal ended it. */
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
}

/** The recipe of these tests where they need no other. */
export const awkward = join(import.meta.dirname, "awkward.ts");

/** A plain recipe in one file, for tests of what is wrong with one. */
export const twoModes = join(import.meta.dirname, "two-modes.ts");

/** Runs `armature` to its end, as a user would, in a process of its own. */
export function armature(...words: readonly string[]): Promise<Finished> {
  return begin(...words).finished;
}

/** Starts `armature`. */
export function begin(...words: readonly string[]): Running {
  return start(process.execPath, [...program, ...words]);
}

/** Starts `armature` under a command that starts it, such as `mpirun`. */
export function beginUnder([launcher = "", ...options]: readonly string[], ...words: readonly string[]): Running {
  return start(launcher, [...options, process.execPath, ...program, ...words]);
}

/** Runs `armature` where no file may grow past a size, which is what a full disk looks like. */
export function armatureWithin(kibibytes: number, ...words: readonly string[]): Promise<Finished> {
  // POSIX counts in blocks of 512 bytes.
  const script = `ulimit -f ${2 * kibibytes}; exec "$0" "$@"`;
  return start("sh", ["-c", script, process.execPath, ...program, ...words]).finished;
}

/** Trains the recipe of these tests, to the end of what is asked for. */
export async function train(...words: readonly string[]): Promise<Record<string, unknown>> {
  return jsonOf(await armature("train", awkward, "--json", ...words));
}

/** What a command that went well printed under `--json`. */
export function jsonOf({ status, out, err }: Finished): Record<string, unknown> {
  if (status !== 0) throw new Error(`expected status 0, got ${status}: ${err}`);
  const value: unknown = JSON.parse(out);
  if (!isRecord(value)) throw new Error(`expected an object, got ${out}`);
  return value;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A folder for the runs of one test file. */
export async function scratch(): Promise<{ path(name: string): string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "armature-end-to-end-"));
  return { path: (name) => join(folder, name), remove: () => rm(folder, { recursive: true, force: true }) };
}

const program = ["--disable-warning=ExperimentalWarning", join(root, "src/command/main.ts")];

function start(executable: string, words: readonly string[]): Running {
  const child = spawn(executable, words, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const texts = [child.stdout, child.stderr].map((stream) => {
    const parts: Buffer[] = [];
    stream.on("data", (part: Buffer) => parts.push(part));
    return () => Buffer.concat(parts).toString();
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, out: texts[0]?.() ?? "", err: texts[1]?.() ?? "" }));
  });
  return { child, finished };
}
