import { existsSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import type { CommandOutcome } from "../../src/command/definition.ts";
import type { MutateRequest } from "../../src/command/mutate.ts";
import { Progress } from "../../src/command/progress.ts";
import { root } from "../../src/command/root.ts";
import { watchStopSignals } from "../../src/command/stop-signal.ts";
import type { Screen, Terminal } from "../../src/command/terminal.ts";
import { InputError } from "../../src/input-error.ts";
import { type Fate, mutate } from "./mutate.ts";
import { outcomeOf } from "./outcome.ts";

/** What the tests of this repository say of each guard that it has. */
export async function run({ path = "", jobs }: MutateRequest, terminal: Terminal): Promise<CommandOutcome> {
  const below = fromRoot(path);
  const began = performance.now();
  const stopping = new AbortController();
  const signals = watchStopSignals(() => stopping.abort(new InputError("mutate: stopped; the copies are removed")));
  try {
    const fates = await mutate({ tree: root, below, jobs, stop: stopping.signal }, watcherOn(terminal.err));
    return outcomeOf(fates, (performance.now() - began) / 1000);
  } finally {
    signals.forget();
  }
}

function fromRoot(path: string): string {
  if (path === "") return "";
  const found = resolve(path);
  const below = relative(root, found).split(sep).join("/");
  if (!existsSync(found) || below.startsWith(".."))
    throw new InputError(`mutate: expected a folder or file of ${root}, got "${path}"`);
  return below;
}

function watcherOn(screen: Screen) {
  let bar: Progress | null = null;
  let [total, survivors] = [0, 0];
  return {
    begins(guards: number) {
      total = guards;
    },
    tried({ verdict, guard, by }: Fate, done: number) {
      const [label, unit, now] = ["mutate", "guard", () => performance.now()] as const;
      bar ??= new Progress({ screen, label, unit, total, done: 0, now });
      if (verdict !== "killed") {
        survivors++;
        bar.note(`${guard.path}:${guard.line} ${verdict} without ${guard.before} (${by})`);
      }
      bar.update(done, { survivors: String(survivors) });
      if (done === total) bar.finish();
    },
  };
}
