import { existsSync } from "node:fs";
import { relative, resolve, sep } from "node:path";
import type { Fate } from "../../tools/mutate/mutate.ts";
import { InputError } from "../input-error.ts";
import { define, type Outcome } from "./definition.ts";
import { count, otherwise, text } from "./parameter.ts";
import { clock, Progress } from "./progress.ts";
import { root } from "./root.ts";
import { watchStopSignals } from "./stop-signal.ts";
import { table } from "./table.ts";
import type { Screen } from "./terminal.ts";

export const mutate = define({
  name: "mutate",
  summary: "take away each guard of the code in turn; a test has to fail for each",
  arguments: { path: otherwise(text("path", "only guards at or below this folder or file"), undefined) },
  options: { jobs: otherwise(count("n", "guards that are tried side by side, each in a copy of the tree"), 2) },
  examples: [
    {
      line: "mutate",
      shows: "every selection, key mask, count and check of conventions; about ten minutes on two cores",
    },
    { line: "mutate src/flow", shows: "the guards of one folder; half a minute" },
  ],
  async run({ path = "", jobs }, terminal) {
    const below = fromRoot(path);
    const { mutate: run } = await import("../../tools/mutate/mutate.ts");
    const began = performance.now();
    const stopping = new AbortController();
    const signals = watchStopSignals(() => stopping.abort(new InputError("mutate: stopped; the copies are removed")));
    try {
      const fates = await run({ tree: root, below, jobs, stop: stopping.signal }, watcherOn(terminal.err));
      return outcomeOf(fates, (performance.now() - began) / 1000);
    } finally {
      signals.forget();
    }
  },
});

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

/** What became of each guard, as a table and for programs. */
export function outcomeOf(fates: readonly Fate[], seconds: number): Outcome {
  const survivors = fates.filter(({ verdict }) => verdict === "survived");
  const broken = fates.filter(({ verdict }) => verdict === "does not run");
  const listed = (some: readonly Fate[]) => some.map(({ guard }) => `${guard.path}:${guard.line}`).join(", ");
  const lines = [
    fateTable(fates),
    ...(broken.length > 0 ? [`Without these nothing runs, so no test speaks for them: ${listed(broken)}`] : []),
    `${fates.length} ${fates.length === 1 ? "guard" : "guards"} in ${clock(seconds)}; survivors: ${survivors.length === 0 ? "none" : listed(survivors)}`,
  ];
  const shown = ({ guard: { start: _, end: __, ...guard }, ...fate }: Fate) => ({ ...guard, ...fate });
  return {
    status: survivors.length + broken.length > 0 ? 1 : 0,
    json: {
      clean: survivors.length + broken.length === 0,
      seconds,
      survivors: survivors.map(shown),
      guards: fates.map(shown),
    },
    text: lines.join("\n"),
  };
}

function fateTable(fates: readonly Fate[]): string {
  const titles = ["guard", "kind", "taken away", "first test that fails"] as const;
  return table(
    titles.map((title) => ({ title, align: "left" })),
    fates.map(({ guard, verdict, by }) => [
      `${guard.path}:${guard.line}`,
      guard.kind,
      shortened(guard.before, 48),
      verdict === "killed" ? shortened(by, 90) : `${verdict.toUpperCase()}: ${by}`,
    ]),
  );
}

function shortened(words: string, length: number): string {
  return words.length > length ? `${words.slice(0, length - 1)}…` : words;
}
