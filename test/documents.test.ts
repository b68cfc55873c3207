import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../src/command/commands.ts";
import { root } from "../src/command/root.ts";
import { axisNames } from "../src/graph/axes.ts";
import { variantNames } from "../src/policy/variant.ts";
import { robots } from "../src/simulation/robots.ts";
import { folderOrder, toolOfCommand } from "../tools/check/direction.ts";

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Names of folders at one depth of the map: lines such as `      graph/   symbolic arrays`. */
function mapped(indent: number): string[] {
  const line = new RegExp(`^ {${indent}}(\\w+)/`, "gm");
  return [...read("docs/map.md").matchAll(line)].map((match) => match[1] ?? "");
}

describe("the map", () => {
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

/** The first column of all tables of a document, where it is code. */
function firstColumn(path: string): string[] {
  return [...read(path).matchAll(/^\| `(\w[\w-]*)` \|/gm)].map((row) => row[1] ?? "");
}

it("the table of axes in the conventions is the alphabet of the code", () => {
  const rows = [...read("docs/conventions.md").matchAll(/^\| `(\w)` \| (.+) \|$/gm)];
  expect(rows.map((row) => [row[1], row[2]])).toEqual(Object.entries(axisNames));
});

it("the table of policies has a row for each of the code", () => {
  expect(firstColumn("docs/policies.md").sort()).toEqual([...variantNames].sort());
});

it("the table of simulated robots says what their designs say", () => {
  const rows = read("docs/simulated-robots.md").matchAll(/^\| `(\w+)` \| (\d+) \| (.+) \|$/gm);
  const expected = robots.map(({ name, dofs, controlMode, framesPerSecond, cameras, summary }) => [
    ...[name, String(dofs.length)],
    [controlMode, framesPerSecond, cameras.join(", "), summary].join(" | "),
  ]);
  expect([...rows].map(([, ...columns]) => columns)).toEqual(expected);
});

it("the tables of commands have a row for each command of the package and of a clone", () => {
  const ofClone = Object.keys(toolOfCommand).map((path) => basename(path, ".ts"));
  expect(firstColumn("docs/commands.md").sort()).toEqual([...commands.map(({ name }) => name), ...ofClone].sort());
});

const documents = globSync(["*.md", "{docs,bench,recipes,test,tools,src}/**/*.md"], { cwd: root }).sort();

interface Link {
  /** From the root. */
  readonly path: string;
  /** A heading, as its address has it. */
  readonly heading: string | undefined;
}

/** Links of a document to files of this repository. */
function links(document: string): Link[] {
  return [...read(document).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(([, path = "", heading]) => ({
    path: path === "" ? document : join(dirname(document), path),
    heading,
  }));
}

/**
 * The addresses of a document's headings.
 *
 * @source github.com/gjtorikian/html-pipeline, table of contents: lower case, no punctuation, hyphens for spaces, a number for what was there
 */
function headings(document: string): string[] {
  const text = read(document).replace(/^```[\s\S]*?^```/gm, "");
  const seen = new Map<string, number>();
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => {
    const address = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(address) ?? 0;
    seen.set(address, before + 1);
    return before === 0 ? address : `${address}-${before}`;
  });
}

describe.each(documents)("%s", (document) => {
  it("has links and paths that lead to files", () => {
    // Paths as people write them: `src/graph/axes.ts`, `test/parity/`; a pattern with a star names no file.
    const paths = [...read(document).matchAll(/`((?:src|bench|tools|test|recipes|docs)\/[^`\s*:]+)/g)].map(
      (found) => found[1] ?? "",
    );
    for (const target of [...links(document).map(({ path }) => path), ...paths])
      expect(existsSync(join(root, target)), target).toBe(true);
  });

  it("has links to headings that are there", () => {
    for (const { path, heading } of links(document))
      if (heading !== undefined && path.endsWith(".md")) expect(headings(path), path).toContain(heading);
  });
});

it("every chapter is linked from the index of the book", () => {
  const linked = links("docs/README.md").map(({ path }) => path);
  const chapters = globSync("docs/**/*.md", { cwd: root }).filter((path) => relative("docs", path) !== "README.md");
  expect(chapters.filter((path) => !linked.includes(path))).toEqual([]);
});

it("every picture of the documentation is shown in a document", () => {
  const shown = documents.flatMap((document) => links(document).map(({ path }) => path));
  expect(globSync("docs/pictures/*", { cwd: root }).filter((path) => !shown.includes(path))).toEqual([]);
});
