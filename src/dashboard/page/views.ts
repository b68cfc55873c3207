import type { ComponentType } from "preact";
import { TrainingView } from "./views/training.tsx";

/** A page of the dashboard, at `/name`. */
export interface View {
  readonly name: string;
  readonly title: string;
  readonly component: ComponentType;
}

/** In the order of the menu; the first is at `/` as well. */
export const views: readonly [View, ...View[]] = [{ name: "training", title: "Training", component: TrainingView }];
