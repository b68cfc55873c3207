import type { AuditRow, Verdict } from "../../audit/verdict.ts";
import type { Score } from "../../serving/roll-out.ts";
import type { Phase } from "../demo-story.ts";
import type { BatchMapJson } from "../padding/batch-map.ts";
import type { RunPart } from "../run-follower.ts";

/** What a page that stands in a file shows, as the file holds it. */
export type ReportJson = DemoReportJson | AuditReportJson;

/** An audit, with what it says in words. */
export interface AuditJson {
  readonly clean: boolean;
  readonly rows: readonly AuditRow[];
  readonly laws: Readonly<Record<string, Verdict>>;
  readonly conclusion: string;
  /** Each with the place where it enters. */
  readonly leaks: readonly string[];
}

export interface AuditReportJson {
  readonly kind: "audit";
  /** What was audited, as it was typed. */
  readonly subject: string;
  readonly audit: AuditJson;
}

export interface DemoReportJson {
  readonly kind: "demo";
  /** Numbers that the policy learns. */
  readonly weights: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly seconds: number;
  readonly remarks: readonly string[];
  /** Rollouts of each robot, before training and after. */
  readonly starts: number;
  readonly robots: readonly RobotJson[];
  /** All that the run has logged. */
  readonly log: RunPart;
  /** The first batch of the training. */
  readonly batch: BatchMapJson;
  readonly audit: AuditJson;
  readonly phases: readonly Phase[];
  /** What to type next, and what it shows. */
  readonly commands: readonly { readonly line: string; readonly shows: string }[];
}

export interface RobotJson {
  readonly name: string;
  readonly summary: string;
  readonly dofs: number;
  readonly controlMode: string;
  readonly untrained: PlayedJson;
  readonly trained: PlayedJson;
}

/** How weights did in closed loop. */
export interface PlayedJson {
  readonly score: Score;
  readonly films: readonly FilmJson[];
}

export interface FilmJson {
  readonly start: number;
  readonly isSuccess: boolean;
  /** In base64. */
  readonly mp4: string;
}
