import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { CommandOutcome } from "../../src/command/definition.ts";
import { root } from "../../src/command/root.ts";
import { watchStopSignals } from "../../src/command/stop-signal.ts";
import type { StrykerRequest } from "../../src/command/stryker.ts";
import type { Terminal } from "../../src/command/terminal.ts";
import { InputError } from "../../src/input-error.ts";
import { isLeft, type MutatedFolder, mutatedFolders } from "./folder.ts";
import { digest, lot, type MutantRecord, readLedger } from "./ledger.ts";
import { latest, outcomeOf, scoreOf } from "./outcome.ts";
import { tryMutants } from "./trial.ts";

/** What the tests say of the drawn mutants of each folder, those of earlier calls included. */
export async function run(request: StrykerRequest, terminal: Terminal): Promise<CommandOutcome> {
  const folders = request.folders === undefined ? mutatedFolders : request.folders.map(folderNamed);
  const ledger = resolve(request.results);
  const stopping = new AbortController();
  const signals = watchStopSignals(() => stopping.abort());
  const stop = AbortSignal.any([stopping.signal, AbortSignal.timeout(request.minutes * 60_000)]);
  try {
    for (const folder of folders) {
      if (stop.aborted) break;
      const failure = await tryMutants({ ...request, root, folder, ledger }, stop);
      if (failure !== null)
        throw new InputError(`stryker: expected the tests of src/${folder.name} to run, StrykerJS says\n${failure}`);
      const { score } = scoreOf(folder.name, known(folder, request));
      terminal.err.write(`src/${folder.name}: ${score === null ? "nothing tried" : `${score.toFixed(1)} %`}\n`);
    }
  } finally {
    signals.forget();
  }
  return outcomeOf(new Map(folders.map((folder) => [folder.name, known(folder, request)])));
}

/** What is known of the drawn mutants of a folder as it stands. */
function known(folder: MutatedFolder, { results, seed, percent }: StrykerRequest): MutantRecord[] {
  return latest(readLedger(resolve(results))).filter(
    ({ mutant, source }) =>
      mutant.path.startsWith(`src/${folder.name}/`) &&
      !isLeft(folder, mutant.path) &&
      source === digestOf(mutant.path) &&
      lot(mutant, seed) * 100 < percent,
  );
}

function digestOf(path: string): string | null {
  const file = join(root, path);
  return existsSync(file) ? digest([readFileSync(file, "utf8")]) : null;
}

function folderNamed(name: string): MutatedFolder {
  const found = mutatedFolders.find((folder) => folder.name === name);
  if (found !== undefined) return found;
  const names = mutatedFolders.map((folder) => folder.name).join(", ");
  throw new InputError(`stryker --folder: expected one of ${names}, got "${name}"`);
}
