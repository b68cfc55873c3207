import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { craneRecipe } from "../../recipe/testing/cranes.ts";
import { trainMicroRun } from "../../training/testing/micro-run.ts";
import { startDashboard } from "../server.ts";
import { SourceFolders } from "../source.ts";
import { ask } from "../testing/asked.ts";

it("answers from more policies at once than stay open", async () => {
  const root = await mkdtemp(join(tmpdir(), "armature-opened-"));
  const run = await trainMicroRun(craneRecipe, 1);
  const names = ["one", "two", "three"];
  for (const name of names) await cp(run.folder, join(root, name), { recursive: true });
  await run.remove();
  const faults: string[] = [];
  const failed = (error: unknown) => void faults.push(String(error));
  const sources = await SourceFolders.open([root]);
  const server = await startDashboard({ sources, assets: new Map(), host: "127.0.0.1", port: 0, failed });
  const questions = [0, 1, 2].flatMap((episode) =>
    names.map((name) => `/api/runs/${name}/policy/0/episodes/${episode}/errors?rows=9&draws=2`),
  );
  const answers = await Promise.all(questions.map((path) => ask(server.url, { path })));
  await server.close();
  await rm(root, { recursive: true });
  expect(faults).toEqual([]);
  expect(answers.map(({ status }) => status)).toEqual(questions.map(() => 200));
});
