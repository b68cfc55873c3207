import { LiveTrainingDisplay } from "./live-training-display.ts";
import { PlainTrainingDisplay } from "./plain-training-display.ts";
import type { TrainingDisplay, TrainingDisplayOptions } from "./training-display.ts";

/** What shows a training: redrawn in place on a terminal, lines elsewhere. */
export function trainingDisplayFor(options: TrainingDisplayOptions): TrainingDisplay {
  return options.screen.isTTY === true ? new LiveTrainingDisplay(options) : new PlainTrainingDisplay(options);
}
