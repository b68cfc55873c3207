import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../../src/command/root.ts";
import { runTests } from "./suite.ts";

const project = mkdtempSync(join(tmpdir(), "armature-suite-"));
const nowhere = () => new Writable({ write: (_text, _encoding, done) => done() });
const silent = { out: nowhere(), err: nowhere() };

beforeAll(() => {
  // Linked, so that the project's tests find vitest.
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
  const tests = {
    "good/sum.test.ts": 'it("adds", () => expect(1 + 1).toBe(2)); it.skip("waits", () => {});',
    "bad/sum.test.ts":
      'describe("sums", () => { it("is wrong", () => expect(1).toBe(2)); it("is right", () => {}); });',
    "bad/load.test.ts": 'throw new Error("does not load");',
    "goods/other.test.ts": 'it("is in another folder", () => {});',
  };
  for (const [path, text] of Object.entries(tests)) {
    mkdirSync(join(project, path, ".."), { recursive: true });
    writeFileSync(join(project, path), `import { describe, expect, it } from "vitest";\n${text}\n`);
  }
});

afterAll(() => rmSync(project, { recursive: true }));

it("runs the tests below a folder and no others", async () => {
  const counts = await runTests(project, join(project, "good"), silent);
  expect(counts).toEqual({ passed: 1, failed: 0, skipped: 1, failures: [] });
});

it("counts a file that does not load as a failed test", async () => {
  const { passed, failed, failures } = await runTests(project, join(project, "bad"), silent);
  expect({ passed, failed }).toEqual({ passed: 1, failed: 2 });
  expect([...failures].sort()).toEqual(["bad/load.test.ts > the file itself", "bad/sum.test.ts > sums > is wrong"]);
});

it("runs one file", async () => {
  expect((await runTests(project, join(project, "goods/other.test.ts"), silent)).passed).toBe(1);
});

it("refuses a folder without tests", async () => {
  await expect(runTests(project, join(project, "none"), silent)).rejects.toThrow("at or below");
});
