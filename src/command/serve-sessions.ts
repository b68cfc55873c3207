import { InputError } from "../input-error.ts";
import { chunkingNames } from "../serving/chunking.ts";
import type { LoadedPolicy } from "../serving/policy.ts";
import type { SessionChoice } from "../serving/served-session.ts";
import { amount, type CommandParameter, type CommandValues, choice, count, flag, otherwise } from "./parameter.ts";

/** Options of how sessions go on from chunk to chunk, and when they begin anew. */
export const sessionOptions = {
  chunking: otherwise(
    choice("way", "a chunk goes on from the one that the robot carries out while it waits", chunkingNames),
    chunkingNames[0],
  ),
  horizon: otherwise(
    count(
      "steps",
      "of each chunk that robots carry out before they ask again, with --chunking or --smooth; left out, a message is a frame",
    ),
    null,
  ),
  delay: otherwise(steps(), "measured" as const),
  resetAfterMs: otherwise(count("ms", "without a message after which history and noise of a session begin anew"), null),
  smooth: otherwise(
    amount(
      "m",
      "average the chunks that have an action for a step, the oldest weighing 1, the next exp(−m), and so on; ACT's m is 0.01",
    ),
    null,
  ),
  smoothGrippers: flag("grippers are averaged as well, with --smooth"),
  resetOnPrompt: flag("history and noise of a session begin anew where its prompt is another one"),
} as const;

/**
 * How the sessions of a policy's robots go on, as options say.
 *
 * @throws InputError where steps do not fit the policy's chunks
 */
export function sessionsGiven(
  given: CommandValues<typeof sessionOptions>,
  { steps: most, recipe }: Pick<LoadedPolicy, "steps" | "recipe">,
): SessionChoice {
  const { chunking, horizon, delay, resetAfterMs, resetOnPrompt, smooth } = given;
  const { maxDelay = 0 } = recipe.policy;
  const smoothing = smoothingGiven(given);
  const longestDelay = chunking === "frozen" ? maxDelay : null;
  if (chunking === "none" && ((horizon !== null && smooth === null) || delay !== "measured"))
    throw new InputError(
      "--horizon, --delay: expected --chunking with them, got none; without it each chunk arises by itself",
    );
  if (horizon !== null && horizon > most)
    throw new InputError(`--horizon: expected at most the ${most} steps of a chunk, got ${horizon}`);
  const longest = longestDelay ?? most;
  if (delay !== "measured" && delay > longest)
    throw new InputError(
      `--delay: expected at most ${longest} steps, ${chunking === "frozen" ? "policy.maxDelay" : "those of a chunk"}, got ${delay}`,
    );
  return { horizon, delay, longestDelay, resetAfterMs, resetOnPrompt, smoothing };
}

function smoothingGiven({
  smooth,
  smoothGrippers,
  chunking,
}: CommandValues<typeof sessionOptions>): SessionChoice["smoothing"] {
  if (smooth === null && smoothGrippers)
    throw new InputError("--smooth-grippers: expected --smooth with it, got none; without it nothing is averaged");
  if (smooth !== null && chunking !== "none")
    throw new InputError(
      `--smooth: expected --chunking none with it, got ${chunking}; chunks that go on from those before them are not averaged with them`,
    );
  return smooth === null ? null : { decay: smooth, grippers: smoothGrippers };
}

/** A number of steps, or "measured". */
function steps(): CommandParameter<number | "measured"> {
  const read = (texts: readonly string[], shown: string): number | "measured" => {
    const given = texts.at(-1) ?? "";
    if (given === "measured") return given;
    if (/^(0|[1-9][0-9]{0,5})$/.test(given)) return Number(given);
    throw new InputError(`${shown}: expected a whole number of steps, or "measured", got "${given}"`);
  };
  const help =
    'from a question to the first action of its answer, with --chunking; "measured": as long as answers took lately';
  return { placeholder: "steps", help, repeats: false, absent: null, read };
}
