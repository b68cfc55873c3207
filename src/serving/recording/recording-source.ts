import { z } from "zod";
import type { WrittenCodec } from "../../dataset/write/description.ts";
import { InputError } from "../../input-error.ts";
import { weightKinds } from "../../objective/weight-kind.ts";
import { layoutOf } from "../../recipe/plan.ts";
import { limitFileSchema, limitSources, type SafetyChoice, stepFileSchema } from "../action-rules.ts";
import { chunkingNames } from "../chunking.ts";
import { limitChoices } from "../limit.ts";
import type { LoadedPolicy } from "../policy.ts";
import type { ServedRobot } from "../robot.ts";
import { brokenAnswerChoices } from "../said.ts";
import { cameraColumns, type RecordableRobot } from "./recorded-frame.ts";

/** Who answered what a recording holds, and how: with the same, the same questions have the same answers, to the bit. */
export const recordingSourceSchema = z.strictObject({
  maker: z.literal("armature serve"),
  /** Folder of the policy's checkpoint, and its step. */
  checkpoint: z.string(),
  step: z.int(),
  dataset: z.string(),
  controlMode: z.string(),
  /** Of the policy's program. */
  rows: z.int().positive(),
  brokenAnswers: z.enum(brokenAnswerChoices),
  chunking: z.enum(chunkingNames),
  /** Absent: float32. */
  weights: z.enum(weightKinds).optional(),
  /** How chunks that overlap were averaged; absent: they were not. */
  smoothing: z.strictObject({ decay: z.number().nonnegative(), grippers: z.boolean() }).optional(),
  safety: z.strictObject({
    limits: z.enum(limitChoices),
    learntFrom: z.enum(limitSources),
    widenedBy: z.number(),
    given: limitFileSchema,
    largestStep: z.union([z.number(), stepFileSchema, z.null()]),
  }),
});

export type RecordingSource = Readonly<z.infer<typeof recordingSourceSchema>>;

/** What a server says of itself to all of its recordings. */
export interface RecordingServer extends Pick<RecordingSource, "brokenAnswers" | "chunking" | "weights" | "smoothing"> {
  readonly safety: SafetyChoice;
  readonly codec: WrittenCodec;
}

/** What recordings have of a policy. */
export type RecordedPolicy = Pick<LoadedPolicy, "checkpoint" | "step" | "rows" | "steps" | "recipe" | "robots">;

/**
 * The robots of a policy as they are recorded, in the policy's order.
 *
 * @throws InputError where a robot's rate is no whole number, which a film's has to be
 */
export function recordableRobots(policy: RecordedPolicy, server: RecordingServer): RecordableRobot[] {
  return policy.robots.map((robot) => {
    const { framesPerSecond, embodiment } = robot;
    if (!Number.isInteger(framesPerSecond))
      throw new InputError(
        `--record: expected a whole number of frames per second of ${robot.name}, got ${framesPerSecond}`,
      );
    return {
      name: folderName(robot),
      robotType: embodiment.robotType,
      framesPerSecond,
      states: embodiment.states.map(({ name }) => name),
      dofs: embodiment.dofs.map(({ name }) => name),
      cameras: cameraColumns(robot),
      steps: policy.steps,
      pictureSide: layoutOf(policy.recipe, 1).pictureSize,
      codec: server.codec,
      source: sourceOf(policy, robot, server),
    };
  });
}

/** Letters, digits, dots and dashes of a dataset's name and a control mode. */
function folderName({ dataset, embodiment }: ServedRobot): string {
  return `${dataset}-${embodiment.controlMode}`.replaceAll(/[^\w.-]+/g, "_");
}

function sourceOf(
  { checkpoint, step, rows }: RecordedPolicy,
  { dataset, embodiment: { controlMode } }: ServedRobot,
  { brokenAnswers, chunking, weights, smoothing, safety }: RecordingServer,
): RecordingSource {
  const policy = { maker: "armature serve", checkpoint, step, dataset, controlMode, rows } as const;
  return { ...policy, brokenAnswers, chunking, weights, smoothing, safety };
}
