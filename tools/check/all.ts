import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../src/command/root.ts";
import { withSyntax } from "../syntax.ts";
import { importCircles } from "./circle.ts";
import { strayImports } from "./direction.ts";
import { sharedNames } from "./export-name.ts";
import { groupedProperties } from "./group.ts";
import { findings, type SourceFile } from "./source.ts";
import { strayFixtures, supportImports } from "./test-support.ts";
import { forbiddenText, longFiles } from "./text.ts";

/** One part of the check: what is wrong, as text; empty where it is clean. */
export interface Part {
  readonly name: string;
  readonly output: string;
}

/** All parts of the check on this repository, in a fixed order. */
export async function checkAll(): Promise<Part[]> {
  const files = sources();
  const [types, pageTypes, lint] = await Promise.all([
    program("node_modules/typescript/bin/tsc", ["-p", ".", "--pretty", "false"]),
    program("node_modules/typescript/bin/tsc", ["-p", "src/dashboard/page", "--pretty", "false"]),
    program("node_modules/@biomejs/biome/bin/biome", [
      "check",
      "--reporter=concise",
      "--diagnostic-level=warn",
      "--max-diagnostics=none",
      "--error-on-warnings",
      ".",
    ]),
  ]);
  return [
    { name: "types", output: types },
    { name: "types of the page", output: pageTypes },
    { name: "lint and format", output: lint },
    { name: "import directions", output: findings(strayImports(files)) },
    { name: "import circles", output: findings(importCircles(files)) },
    { name: "names of exports", output: findings(sharedNames(files)) },
    { name: "test support", output: findings([...supportImports(files), ...strayFixtures(files)]) },
    { name: "grouped properties", output: findings(withSyntax(root, "all", groupedProperties)) },
    { name: "text and size", output: findings([...forbiddenText(files), ...longFiles(files)]) },
    { name: "lock file", output: addressesInLock() },
  ];
}

function sources(): SourceFile[] {
  const paths = globSync("{src,test,recipes,bench,tools,client}/**/*.{ts,tsx}", { cwd: root }).sort();
  return paths.map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** What a program of node_modules prints, where it fails; empty where it succeeds. */
function program(path: string, options: readonly string[]): Promise<string> {
  return new Promise((settle) => {
    const command = [join(root, path), ...options];
    execFile(process.execPath, command, { cwd: root, maxBuffer: 64 << 20 }, (error, out, err) =>
      settle(error === null ? "" : (out + err).trim() || String(error)),
    );
  });
}

/** Lines of the lock file that bind it to one registry. */
function addressesInLock(): string {
  const lines = readFileSync(join(root, "package-lock.json"), "utf8").split("\n");
  const bound = lines.flatMap((line, at) => (line.includes('"resolved":') ? [`package-lock.json:${at + 1}`] : []));
  return bound.length === 0 ? "" : `${bound.join("\n")}\nexpected no addresses of a registry; run npm with this .npmrc`;
}
