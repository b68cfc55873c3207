import { type ObservationSlots, observationWindow } from "../dataset/chunk.ts";
import { stream } from "../graph/random.ts";
import type { Member } from "../mixture/mixture.ts";
import type { Draw } from "../mixture/sampler.ts";
import type { BatchLayout } from "./layout.ts";

/** How slots follow each other, as of `Reading`. */
interface SlotRate {
  readonly rate: number | "native";
  readonly interval: number;
}

/** What a sample's history depends on, beside its draw. */
export interface HistoryReading {
  readonly member: Pick<Member, "framesPerSecond" | "datasetName">;
  readonly reading: SlotRate & { readonly historyDropout: number };
  readonly layout: Pick<BatchLayout, "observations">;
  readonly seed: number;
  readonly purpose: "train" | "validation";
}

/** The observation slots of a sample, and of a robot that is served. */
export function observationSlots(
  { observations }: Pick<BatchLayout, "observations">,
  { rate, interval }: SlotRate,
): ObservationSlots {
  return { slots: observations, interval: rate === "native" ? { frames: interval } : { seconds: interval / rate } };
}

/** Whether a sample's history is not dropped: drawn by sample and draw, in training alone. */
export function keepsHistory({ purpose, layout, reading, seed, member }: HistoryReading, draw: Draw): boolean {
  if (purpose === "validation" || layout.observations === 1) return true;
  const chance = stream(seed, "history drop-out", member.datasetName);
  return chance.uniform(0, draw.draw, draw.frame, draw.episode) >= reading.historyDropout;
}

/** Whether a sample reads an observation slot before now, as is known without its data. */
export function readsHistory(choice: HistoryReading, draw: Draw): boolean {
  const { layout, reading, member } = choice;
  // No slot lies behind the frame.
  const clock = { length: draw.frame + 1, framesPerSecond: member.framesPerSecond };
  const { real } = observationWindow(clock, draw.frame, observationSlots(layout, reading));
  return real.count > 1 && keepsHistory(choice, draw);
}
