import type { CommandOutcome } from "../../src/command/definition.ts";
import { clock } from "../../src/command/progress.ts";
import { table } from "../../src/command/table.ts";
import type { Fate } from "./mutate.ts";

/** What became of each guard, as a table and for programs. */
export function outcomeOf(fates: readonly Fate[], seconds: number): CommandOutcome {
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
