import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../src/command/root.ts";
import { axisNames } from "../src/graph/axes.ts";
import { folderOrder } from "../tools/check/direction.ts";

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Names of folders at one depth of the map: lines such as `      graph/   symbolic arrays`. */
function mapped(indent: number): string[] {
  const line = new RegExp(`^ {${indent}}(\\w+)/`, "gm");
  return [...read("README.md").matchAll(line)].map((match) => match[1] ?? "");
}

describe("the map in the README", () => {
  const present = new Set(globSync("src/*/**/*.ts", { cwd: root }).map((path) => path.split("/")[1] ?? ""));

  it("names every folder of src/ and no other", () => {
    expect(mapped(6).sort()).toEqual([...present].sort());
  });

  it("lists them in the order in which they may import each other", () => {
    expect(mapped(6)).toEqual(folderOrder.filter((folder) => present.has(folder)));
  });

  it("names only folders that exist beside src/", () => {
    for (const folder of mapped(4)) expect(existsSync(join(root, folder)), folder).toBe(true);
  });
});

it("the table of axes in the conventions is the alphabet of the code", () => {
  const rows = [...read("docs/conventions.md").matchAll(/^\| `(\w)` \| (.+) \|$/gm)];
  expect(rows.map((row) => [row[1], row[2]])).toEqual(Object.entries(axisNames));
});

const documents = globSync(["*.md", "{docs,bench,recipes,test,tools}/**/*.md"], { cwd: root }).sort();

it.each(documents)("every link and every path in %s leads to a file", (path) => {
  const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]+)/g)].map((link) => join(dirname(path), link[1] ?? ""));
  // Paths as people write them: `src/graph/axes.ts`, `test/parity/`; a pattern with a star names no file.
  const paths = [...read(path).matchAll(/`((?:src|bench|tools|test|recipes|docs)\/[^`\s*:]+)/g)].map(
    (found) => found[1] ?? "",
  );
  for (const target of [...links, ...paths]) expect(existsSync(join(root, target)), target).toBe(true);
});
