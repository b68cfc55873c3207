import type { RecordableRobot, RecordedFrame } from "./recorded-frame.ts";

/** What the thread that writes is started with. */
export interface RecordingTask {
  readonly folder: string;
  readonly robots: readonly RecordableRobot[];
}

/** What it is sent, in order. */
export type ToRecording =
  | { readonly kind: "frame"; readonly session: number; readonly robot: number; readonly frame: RecordedFrame }
  | { readonly kind: "end"; readonly session: number }
  | { readonly kind: "close" };

/** What it sends back: after each message that it is done, or why it writes no more. */
export type FromRecording =
  | { readonly kind: "done" }
  | { readonly kind: "closed" }
  | { readonly kind: "failed"; readonly why: string };
