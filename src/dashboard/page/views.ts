import type { ComponentType } from "preact";
import { DatasetsView } from "./views/data.tsx";
import { PaddingView } from "./views/padding.tsx";
import { PolicyView } from "./views/policy.tsx";
import { RolloutsView } from "./views/rollouts.tsx";
import { TrainingView } from "./views/training.tsx";

/** A page of the dashboard, at `/name`. */
export interface View {
  readonly name: string;
  readonly title: string;
  readonly component: ComponentType;
}

/** In the order of the menu; the first is at `/` as well. */
export const views: readonly [View, ...View[]] = [
  { name: "training", title: "Training", component: TrainingView },
  { name: "data", title: "Data", component: DatasetsView },
  { name: "padding", title: "Padding", component: PaddingView },
  { name: "policy", title: "Policy", component: PolicyView },
  { name: "rollouts", title: "Rollouts", component: RolloutsView },
];
