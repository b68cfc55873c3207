import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { type CheckResult, CheckStatus } from "@stryker-mutator/api/check";
import type { MutantResult, Location as Place, Mutant as StrykerMutant } from "@stryker-mutator/api/core";
import type { NodePath } from "@stryker-mutator/api/ignore";
import { declareClassPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import { z } from "zod";
import { digest, identity, isSettled, lot, type Mutant, type MutantFate, readLedger, writeRecord } from "./ledger.ts";

/** What a run of StrykerJS is told about the draw and the ledger. */
export const drawSchema = z.strictObject({
  root: z.string(),
  ledger: z.string(),
  seed: z.number(),
  percent: z.number(),
  tests: z.string(),
  /** Digests of the files that are changed, as they were copied. */
  sources: z.record(z.string(), z.string()),
  leftFunctions: z.array(z.string()),
});
export type Draw = z.infer<typeof drawSchema>;

const fateOf: Readonly<Record<string, MutantFate>> = {
  Killed: "Killed",
  Timeout: "Timeout",
  Survived: "Survived",
  NoCoverage: "NoCoverage",
  RuntimeError: "RuntimeError",
};

/** Lets mutants pass that are drawn and whose fate is not known; the others StrykerJS lists as errors of compilation. */
class DrawnMutants {
  static readonly inject: ["options"] = ["options"];
  readonly #draw: Draw;
  readonly #settled: ReadonlySet<string>;
  readonly #sources: Sources;

  constructor(options: object) {
    this.#draw = drawOf(options);
    this.#sources = new Sources(this.#draw);
    this.#settled = new Set(readLedger(this.#draw.ledger).flatMap((record) => this.#known(record)));
  }

  async init(): Promise<void> {}

  async check(mutants: StrykerMutant[]): Promise<Record<string, CheckResult>> {
    return Object.fromEntries(mutants.map((mutant) => [mutant.id, this.#resultOf(mutant)]));
  }

  group(mutants: StrykerMutant[]): Promise<string[][]> {
    return Promise.resolve([mutants.map(({ id }) => id)]);
  }

  #resultOf(given: StrykerMutant): CheckResult {
    if (!this.#sources.isAsCopied(given.fileName)) return { status: CheckStatus.CompileError, reason: "edited" };
    const mutant = this.#sources.mutantAt(given, placeFromOne(given.location));
    const { seed, percent } = this.#draw;
    if (lot(mutant, seed) * 100 >= percent) return { status: CheckStatus.CompileError, reason: "not drawn" };
    if (this.#settled.has(identity(mutant))) return { status: CheckStatus.CompileError, reason: "settled" };
    return { status: CheckStatus.Passed };
  }

  #known(record: ReturnType<typeof readLedger>[number]): string[] {
    const ground = { source: this.#sources.digestOf(record.mutant.path), tests: this.#draw.tests };
    return isSettled(record, ground) ? [identity(record.mutant)] : [];
  }
}

/** Writes down each mutant as soon as it was tried, so that a run that is stopped has lost none. */
class LedgerReporter {
  static readonly inject: ["options"] = ["options"];
  readonly #draw: Draw;
  readonly #sources: Sources;

  constructor(options: object) {
    this.#draw = drawOf(options);
    this.#sources = new Sources(this.#draw);
  }

  onMutantTested(result: MutantResult): void {
    const fate = fateOf[result.status];
    if (fate === undefined || !this.#sources.isAsCopied(result.fileName)) return;
    const mutant = this.#sources.mutantAt(result, result.location);
    const source = this.#sources.digestOf(mutant.path);
    const by = fate === "Killed" ? (result.killedBy?.[0] ?? "") : "";
    writeRecord(this.#draw.ledger, { mutant, fate, by, source, tests: this.#draw.tests });
  }
}

/** The name of a function or method that a piece of syntax declares: `#next` of a private one. */
const declaration = z.object({
  node: z.union([
    z
      .object({ type: z.literal("FunctionDeclaration"), id: z.object({ name: z.string() }) })
      .transform(({ id }) => id.name),
    z.object({ type: z.literal("ClassMethod"), key: z.object({ name: z.string() }) }).transform(({ key }) => key.name),
    z
      .object({ type: z.literal("ClassPrivateMethod"), key: z.object({ id: z.object({ name: z.string() }) }) })
      .transform(({ key }) => `#${key.id.name}`),
  ]),
});

/** Leaves functions as they are whose names the folder lists. */
class LeftFunctions {
  static readonly inject: ["options"] = ["options"];
  readonly #left: ReadonlySet<string>;

  constructor(options: object) {
    this.#left = new Set(drawOf(options).leftFunctions);
  }

  shouldIgnore(path: NodePath): string | undefined {
    const { data } = declaration.safeParse(path);
    return data !== undefined && this.#left.has(data.node) ? `"${data.node}" is left as it is` : undefined;
  }
}

export const strykerPlugins = [
  declareClassPlugin(PluginKind.Ignore, "left", LeftFunctions),
  declareClassPlugin(PluginKind.Checker, "drawn", DrawnMutants),
  declareClassPlugin(PluginKind.Reporter, "ledger", LedgerReporter),
];

/** The sources as they stand in the repository, each read once: one that was edited since it was copied is no ground for a record. */
class Sources {
  readonly #root: string;
  readonly #copied: Draw["sources"];
  readonly #texts = new Map<string, string>();

  constructor({ root, sources }: Draw) {
    this.#root = root;
    this.#copied = sources;
  }

  isAsCopied(fileName: string): boolean {
    const path = this.#pathOf(fileName);
    return this.digestOf(path) === this.#copied[path];
  }

  /** @param place from 1 */
  mutantAt({ fileName, mutatorName, replacement }: StrykerMutant, { start, end }: Place): Mutant {
    const path = this.#pathOf(fileName);
    const code = this.#textOf(path).split("\n")[start.line - 1] ?? "";
    const before = code.slice(start.column - 1, end.line === start.line ? end.column - 1 : undefined).trim();
    const { line, column } = start;
    return { path, line, column, mutator: mutatorName, code: code.trim(), before, after: replacement };
  }

  digestOf(path: string): string {
    return digest([this.#textOf(path)]);
  }

  #pathOf(fileName: string): string {
    return relative(this.#root, fileName).replaceAll("\\", "/");
  }

  #textOf(path: string): string {
    const text = this.#texts.get(path) ?? readFileSync(`${this.#root}/${path}`, "utf8");
    this.#texts.set(path, text);
    return text;
  }
}

/** StrykerJS counts from 0 before a mutant is tried and from 1 afterwards. */
function placeFromOne({ start, end }: Place): Place {
  return {
    start: { line: start.line + 1, column: start.column + 1 },
    end: { line: end.line + 1, column: end.column + 1 },
  };
}

function drawOf(options: object): Draw {
  return z.looseObject({ draw: drawSchema }).parse(options).draw;
}
