import type { SourceFile } from "typescript/unstable/ast";
import { lineAt } from "../check/source.ts";
import { nodesIn, type Syntax } from "../syntax.ts";
import type { Edit, Finder } from "./edit.ts";
import { conventionFinder } from "./find-convention.ts";
import { findCounts, findDivisors } from "./find-count.ts";
import { findKeyMasks, findRules } from "./find-key-mask.ts";
import { findFacts, findSelections } from "./find-selection.ts";
import type { Guard } from "./guard.ts";

/** Where something padded, or weights with their conventions, pass through; elsewhere the same words mean something else. */
const guarded: Readonly<Record<string, readonly Finder[]>> = {
  validity: [findSelections, findFacts, findKeyMasks, findRules, findCounts],
  dataset: [findSelections, findFacts, findCounts],
  embodiment: [findSelections, findFacts, findCounts],
  batch: [findSelections, findFacts, findRules, findCounts],
  nn: [findSelections, findKeyMasks],
  policy: [findSelections, findFacts, findKeyMasks, findRules],
  flow: [findSelections, findFacts, findRules],
  loss: [findSelections, findRules, findCounts, findDivisors],
  metric: [findSelections, findCounts, findDivisors],
  checkpoint: [],
  objective: [findSelections, findFacts, findRules, findCounts],
  recipe: [findSelections, findFacts],
  training: [findSelections, findFacts, findRules, findCounts],
  serving: [findSelections, findFacts],
};

/** Folders in which conventions are kept, compared and made into choices. */
const conventional = [
  "validity",
  "embodiment",
  "policy",
  "flow",
  "loss",
  "metric",
  "checkpoint",
  "objective",
  "recipe",
  "training",
  "audit",
  "serving",
];

/** The file whose divisions are means. */
const mean = "src/validity/mean.ts";

/** What is no part of the product: tests, what they stand on, and poisons. */
const aside = /\.test\.ts$|\/testing\/|\/poison\.ts$/;

/** Every guard of a project, in the order of files and lines. */
export function findGuards(syntax: Syntax): Guard[] {
  const findConventions = conventionFinder(syntax);
  return [...syntax].flatMap(([path, file]) => {
    if (aside.test(path)) return [];
    const folder = path.split("/")[1] ?? "";
    const finders = [
      ...(guarded[folder] ?? []),
      ...(path === mean ? [findDivisors] : []),
      ...(conventional.includes(folder) ? [findConventions] : []),
    ];
    if (finders.length === 0) return [];
    const edits = [...nodesIn(file)].flatMap((node) => finders.flatMap((find) => find(node)));
    return distinct(edits.map((each) => guardOf(path, file, each)));
  });
}

function guardOf(path: string, file: SourceFile, { kind, node, after, guard }: Edit): Guard {
  return {
    kind,
    path,
    line: lineAt(file.text, guard.getStart()),
    start: node.getStart(),
    end: node.getEnd(),
    before: onOneLine(guard.getText()),
    after,
  };
}

/** A list that two validities share is found with each of them. */
function distinct(guards: readonly Guard[]): Guard[] {
  const byEdit = new Map(guards.map((guard) => [`${guard.start} ${guard.end} ${guard.after}`, guard]));
  return [...byEdit.values()].toSorted((one, other) => one.line - other.line);
}

function onOneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}
