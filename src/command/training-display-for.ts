import { LiveTrainingDisplay } from "./live-training-display.ts";
import { PlainTrainingDisplay } from "./plain-training-display.ts";
import type { TrainingDisplay, TrainingDisplayOptions } from "./training-display.ts";

/**
 * What shows a training: redrawn in place on a terminal, lines elsewhere, and where `TERM` says that a terminal cannot move its cursor.
 *
 * @param environment of the process
 */
export function trainingDisplayFor(
  options: TrainingDisplayOptions,
  environment: Readonly<Record<string, string | undefined>>,
): TrainingDisplay {
  const isRedrawn = options.screen.isTTY === true && environment.TERM !== "dumb";
  return isRedrawn ? new LiveTrainingDisplay(options) : new PlainTrainingDisplay(options);
}
