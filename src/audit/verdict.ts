import type { PaddingKind } from "./kind.ts";
import type { Law } from "./law.ts";

/** What padding could reach. */
export const columns = ["loss", "gradients", "actions", "metrics"] as const;

export type AuditColumn = (typeof columns)[number];

/** How far something changed that should not have. */
export type FoundLeak = {
  /** The largest difference. */
  readonly leak: number;
  /** Where it enters: file and array. */
  readonly where: string;
  /** Between what a robot that is served gets and what validation samples of the same frame, or what another robot beside it gets. */
  readonly isServed: boolean;
};

/** The largest leak of a kind into an output. */
export type Verdict = "clean" | FoundLeak;

/** One kind of padding; "absent" where no cell of the batches is of this kind. */
export type AuditRow = Readonly<Record<AuditColumn, Verdict | "absent">> & {
  readonly padding: PaddingKind;
  /** Raw cells of this kind in the batches that were looked at; a picture is one. */
  readonly cells: number;
  /** What its pattern tells in training that a robot does not know when it acts; "known" where it knows. */
  readonly hint: Verdict | "absent" | "known";
};

export interface AuditReport {
  readonly clean: boolean;
  readonly laws: Readonly<Record<Law, Verdict>>;
  readonly rows: readonly AuditRow[];
}

/** The size of a leak; a result that is no number is beyond any. */
export function leakSize(leak: number): string {
  return leak === Number.MAX_VALUE ? "no number" : String(Number(leak.toPrecision(3)));
}
