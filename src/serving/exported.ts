import { checkConventions } from "../checkpoint/conventions.ts";
import { CheckedSession, isReference } from "../graph/device-check.ts";
import { openSession, type ProgramSession, type SessionOptions } from "../graph/runtime/session.ts";
import { InputError } from "../input-error.ts";
import type { Chunking } from "../objective/chunking.ts";
import { parseRecipe } from "../recipe/file.ts";
import { conventionsOf, layoutOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { type ChunkingName, chunkingOf } from "./chunking.ts";
import { readRecord } from "./exported-record.ts";
import { ExportedSampler } from "./exported-sampler.ts";
import { laneOf, type Machine } from "./machine.ts";
import { LoadedPolicy, type PolicyParts } from "./policy.ts";
import { servedRobots } from "./robot.ts";
import type { BrokenAnswers } from "./said.ts";

/**
 * The policy of a file that `export --onnx` wrote, before its program is read.
 *
 * @throws InputError where it is another file, of another version, cut short, or of other conventions
 */
export function findExported(file: string) {
  const { step, recipe: written, conventions, threads, device, member, statistics, chunking } = readRecord(file);
  const recipe = withTokenizerIn(file, parseRecipe(`${file}, recipe`, written));
  checkConventions(file, conventions, conventionsOf(recipe), new Set());
  const robots = servedRobots({ members: [member], statistics: { [member.head]: statistics } }, recipe);
  const program = { form: "program", checkpoint: file, step, notes: [], programChunking: chunking ?? "none" } as const;
  return { ...program, recipe, robots, machine: { device, threads } };
}

/** A file that has been found. */
interface FoundFile extends Omit<PolicyParts, "sampler" | "lanes" | "brokenAnswers"> {
  readonly programChunking?: ChunkingName;
}

/** How a file is to act. */
interface ExportedChoice {
  readonly machine: Machine;
  readonly lanes?: number;
  readonly brokenAnswers?: BrokenAnswers;
  readonly chunking?: Chunking | undefined;
}

/**
 * The same, ready to act: by the program of the file, which answers one robot at a time.
 *
 * @throws InputError where the runtime does not open it
 */
export function openExported(
  found: FoundFile,
  { machine, lanes = 1, brokenAnswers = "refuse", chunking }: ExportedChoice,
): LoadedPolicy {
  const { checkpoint: file, recipe, robots } = found;
  const [robot] = robots;
  if (robot === undefined) throw new RangeError(`${file}: expected a robot, got none`);
  const { programChunking = "none" } = found;
  const feeding = { layout: layoutOf(recipe, 1), unrealInput: conventionsOf(recipe).unrealInput };
  const program = { ...feeding, robot, carries: chunkingOf(programChunking), chunking };
  const sampler = ExportedSampler.of(file, opened(file, laneOf(machine, lanes)), program);
  return new LoadedPolicy({ ...found, sampler, lanes, brokenAnswers });
}

/** The recipe of a file, whose tokenizer stands in the file's metadata, wherever the first stood. */
function withTokenizerIn(file: string, recipe: Recipe): Recipe {
  const { tokenizer } = recipe.policy;
  if (tokenizer === undefined || tokenizer === "bytes") return recipe;
  return { ...recipe, policy: { ...recipe.policy, tokenizer: { ...tokenizer, folder: file } } };
}

function opened(file: string, machine: Pick<SessionOptions, "device" | "threads">): ProgramSession {
  try {
    const session = openSession(file, machine);
    if (isReference(machine)) return session;
    const reference = async () => openSession(file, { ...machine, device: "cpu" });
    return new CheckedSession(session, { machine, reference, operators: null, unsteady: null });
  } catch (error) {
    if (error instanceof InputError) throw error;
    const [reason] = (error instanceof Error ? error.message : String(error)).split("\n", 1);
    throw new InputError(`${file}: expected a program that runs, got ${reason}`);
  }
}
