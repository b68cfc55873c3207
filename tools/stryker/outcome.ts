import type { CommandOutcome } from "../../src/command/definition.ts";
import { table } from "../../src/command/table.ts";
import { equivalentOf } from "./equivalent.ts";
import { identity, type MutantRecord } from "./ledger.ts";

/** Share of the mutants of each folder that tests have to notice. */
export const leastScore = 92;

/** What became of the mutants of one folder. */
export interface FolderScore {
  readonly folder: string;
  readonly killed: number;
  readonly timedOut: number;
  readonly survived: number;
  readonly notCovered: number;
  /** Survivors, covered or not, of which it is written why they change nothing. */
  readonly equivalent: number;
  /** Mutants with which the tests do not run at all: no test speaks for them, and they count for nothing. */
  readonly notRunning: number;
  /** Killed and timed out of all that are neither equivalent nor not running, in percent; `null` of none. */
  readonly score: number | null;
}

/** The last record of each mutant. */
export function latest(records: readonly MutantRecord[]): MutantRecord[] {
  return [...new Map(records.map((record) => [identity(record.mutant), record])).values()];
}

export function scoreOf(folder: string, records: readonly MutantRecord[]): FolderScore {
  const isEquivalent = (record: MutantRecord) => isOpen(record) && equivalentOf(record.mutant) !== undefined;
  const real = records.filter((record) => !isEquivalent(record));
  const count = (fate: MutantRecord["fate"]) => real.filter((record) => record.fate === fate).length;
  const [killed, timedOut, survived] = [count("Killed"), count("Timeout"), count("Survived")];
  const [notCovered, notRunning] = [count("NoCoverage"), count("RuntimeError")];
  const all = killed + timedOut + survived + notCovered;
  const equivalent = records.length - real.length;
  const score = all === 0 ? null : (100 * (killed + timedOut)) / all;
  return { folder, killed, timedOut, survived, notCovered, equivalent, notRunning, score };
}

/** Mutants that no test notices and that no reason excuses. */
export function survivors(records: readonly MutantRecord[]): MutantRecord[] {
  return records.filter((record) => isOpen(record) && equivalentOf(record.mutant) === undefined);
}

function isOpen({ fate }: MutantRecord): boolean {
  return fate === "Survived" || fate === "NoCoverage";
}

/** The survivors, one line each, and the table by folder. */
export function outcomeOf(records: ReadonlyMap<string, readonly MutantRecord[]>): CommandOutcome {
  const scores = [...records].map(([folder, some]) => scoreOf(folder, some));
  const total = scoreOf("all", [...records.values()].flat());
  const open = [...records.values()].flatMap(survivors);
  const clean = scores.every(({ score }) => score === null || score >= leastScore);
  return {
    status: clean ? 0 : 1,
    json: { clean, folders: scores, total, survivors: open },
    text: [...open.map(survivorLine), scoreTable([...scores, total])].join("\n"),
  };
}

function survivorLine({ mutant: { path, line, column, before, after }, fate }: MutantRecord): string {
  const short = after.replaceAll(/\s+/g, " ").slice(0, 80);
  return `${path}:${line}:${column} ${fate === "NoCoverage" ? "not covered" : "survived"}: ${before} → ${short}`;
}

function scoreTable(scores: readonly FolderScore[]): string {
  const numbers = ["tried", "killed", "timed out", "survived", "not covered", "equivalent", "not running", "score"];
  return table(
    [{ title: "folder", align: "left" }, ...numbers.map((title) => ({ title, align: "right" }) as const)],
    scores.map((row) => {
      const { killed, timedOut, survived, notCovered, equivalent, notRunning } = row;
      const parts = [killed, timedOut, survived, notCovered, equivalent, notRunning];
      const tried = parts.reduce((sum, part) => sum + part, 0);
      return [row.folder, ...[tried, ...parts].map(String), row.score === null ? "–" : `${row.score.toFixed(1)} %`];
    }),
  );
}
