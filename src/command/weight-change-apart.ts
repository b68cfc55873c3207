import { fork } from "node:child_process";
import type { WeightKind } from "../objective/weight-kind.ts";
import { moduleUrl } from "../own-package.ts";
import { decodeError, type PlainError } from "../plain-error.ts";
import type { RobotChange } from "../training/weight-change.ts";

/** What the process is told. */
export interface ToMeasuring {
  /** Folder of a run, or of one of its checkpoints. */
  readonly run: string;
  readonly weightKind: WeightKind;
  /** Held-out samples of each dataset and control mode, at most. */
  readonly samples: number;
  /** Folder of a dataset of the policy's robot; `null` for those of the run. */
  readonly dataset: string | null;
}

/** What it answers, once. */
export type FromMeasuring =
  | { readonly kind: "measured"; readonly robots: readonly RobotChange[] }
  | { readonly kind: "failed"; readonly error: PlainError };

/**
 * `measureWeightChange` in a process of its own: a server should not keep the memory of weights that it does not hold.
 *
 * @throws InputError as `measureWeightChange`
 */
export async function measureWeightChangeApart(request: ToMeasuring): Promise<readonly RobotChange[]> {
  const child = fork(moduleUrl("./weight-change-process.ts", import.meta.url), {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const answer = await new Promise<FromMeasuring>((resolve, reject) => {
    child.once("message", (message: FromMeasuring) => resolve(message));
    child.once("error", reject);
    child.once("exit", (status) =>
      reject(new Error(`measuring weights: expected an answer, got exit status ${status}`)),
    );
    child.send(request);
  });
  if (answer.kind === "failed") throw decodeError(answer.error, "measuring weights");
  return answer.robots;
}
