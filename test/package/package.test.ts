import { spawn, spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../src/command/root.ts";
import * as sources from "../../src/index.ts";
import { armature, type Finished, jsonOf } from "../end-to-end/command.ts";
import { libraryExample } from "../library-example.ts";
import { install, offline, type Packed, pack } from "./install.ts";
import { ownRecipe } from "./own-recipe.ts";

const hasNpm = spawnSync("npm", ["--version"]).status === 0;
const title = hasNpm ? "the package" : "the package (skipped: no npm)";

let place = "";
let packed: Packed;
let app = "";
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-package-"));
  if (!hasNpm) return;
  await mkdir(join(place, "sources"));
  packed = await pack(join(place, "sources"));
  app = join(place, "app");
  await install(packed.tarball, app, []);
}, 180_000);
afterAll(() => rm(place, { recursive: true }));

/** Runs a program in the folder of whoever has installed the package. */
async function inside(folder: string, program: string, ...words: readonly string[]): Promise<Finished> {
  const child = spawn(program, words, { cwd: folder, env: offline(place), stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((settle, fail) => child.once("close", settle).once("error", fail));
  const [out, err, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, out, err };
}

const command = (folder: string) => join(folder, "node_modules/.bin/armature");

describe.skipIf(!hasNpm)(title, () => {
  it("holds what is compiled, with declarations and maps, and no tests", () => {
    const form =
      /^(LICENSE|README\.md|package\.json|dist\/(src|client|recipes)\/.+\.(js|d\.ts|js\.map)|dist\/src\/dashboard\/page\/.+\.(html|css|svg|wasm)|dist\/src\/dashboard\/report\/report\.html)$/;
    expect(
      packed.paths.filter(
        (path) => !form.test(path) || /\.test\.|\/(fixture|testing|bench|mutate|check|examples)\b/.test(path),
      ),
    ).toEqual([]);
    const needed = [
      "src/index.js",
      "src/index.d.ts",
      "src/index.js.map",
      "recipes/demo.js",
      "src/dashboard/page/index.html",
      "src/dashboard/report/report.html",
    ];
    for (const name of needed) expect(packed.paths).toContain(`dist/${name}`);
    // 6.14 MB, of which 3.7 are ONNX Runtime in WebAssembly, which a page loads where a robot is to act in it.
    expect(packed.bytes).toBeLessThan(6.5e6);
  });

  it("has declarations by which the documented example and a recipe are right, read strictly", async () => {
    const options = { strict: true, module: "NodeNext", target: "ES2024", noEmit: true, types: ["node"] };
    await writeFile(
      join(app, "tsconfig.json"),
      JSON.stringify({ compilerOptions: options, files: ["use.mts", "own.mts"] }),
    );
    await writeFile(join(app, "use.mts"), libraryExample());
    await writeFile(join(app, "own.mts"), ownRecipe);
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    expect(await inside(app, process.execPath, compiler, "-p", ".")).toEqual({ status: 0, out: "", err: "" });
  });

  it("exports the names that the sources export", async () => {
    const script = 'import("armature").then((names) => console.log(JSON.stringify(Object.keys(names))))';
    const { out, err } = await inside(app, process.execPath, "--eval", script);
    expect({ names: JSON.parse(out).sort(), err }).toEqual({ names: Object.keys(sources).sort(), err: "" });
  });

  it("has a client that a program beside a robot imports by itself, without the rest", async () => {
    const script = `const loaded = [];
      const { registerHooks } = await import("node:module");
      registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
      const { PolicyClient } = await import("armature/client");
      const error = await PolicyClient.connect("ws://127.0.0.1:1", { patienceMs: 0 }).catch((error) => error);
      const strangers = loaded.filter((url) => /\\/dist\\/src\\/(?!input-error)|onnxruntime|koffi|zod/.test(url));
      console.log(JSON.stringify([error.name, error.code, strangers]));`;
    const { out, err } = await inside(app, process.execPath, "--input-type=module", "--eval", script);
    expect({ found: JSON.parse(out), err }).toEqual({ found: ["PolicyError", 1006, []], err: "" });
  });

  it("offers the commands that need no clone", async () => {
    const { status, out, err } = await inside(app, command(app), "--help");
    expect({ status, err }).toEqual({ status: 0, err: "" });
    const names = [...out.matchAll(/^ {2}([\w-]+) (?:\[options\]|<)/gm)].map(([, name]) => name);
    expect(names).toEqual([
      "demo",
      "inspect",
      "record",
      "recipe",
      "fit-fast",
      "import",
      "export",
      "train",
      "validate",
      "audit",
      "rollout",
      "dashboard",
      "serve",
      "replay",
      "doctor",
    ]);
  });

  it("plays the demo, and its run acts in a program that imports the package", async () => {
    const words = ["demo", "--steps", "20", "--episodes", "10", "--starts", "2", "--out", "demo", "--json"];
    const { rollouts, audit } = jsonOf(await inside(app, "npx", "--no-install", "armature", ...words));
    expect(rollouts).toHaveLength(3);
    expect(audit).toMatchObject({ clean: true });
    const script = `import { loadPolicy } from "armature";
      const policy = await loadPolicy("demo/run", { robots: 1, machine: "as trained" });
      const session = policy.session(policy.robot({ dataset: "reacher" }), { seed: 1 });
      session.see({ state: [0, 0, 0.1, 0.1], pictures: {} });
      const [{ actions }] = await policy.act([session.ask("reach")]);
      policy.release();
      console.log(JSON.stringify(actions));`;
    const { out, err } = await inside(app, process.execPath, "--input-type=module", "--eval", script);
    expect(err).toBe("");
    expect(JSON.parse(out).flat().filter(Number.isFinite)).toHaveLength(16 * 2);
  }, 300_000);

  it("reads a recipe that imports from it, and a clone reads the same one, wherever it lies", async () => {
    const alone = join(place, "alone");
    await mkdir(alone);
    await cp(join(app, "demo/data/reacher"), join(alone, "reacher"), { recursive: true });
    const path = join(alone, "own.ts");
    await writeFile(path, ownRecipe.replace("$data", alone));
    for (const [run, finished] of [
      ["packed", inside(app, command(app), "train", path, "--json", "--out", join(alone, "packed"))],
      ["cloned", armature("train", path, "--json", "--out", join(alone, "cloned"))],
    ] as const) {
      const { err, ...rest } = await finished;
      expect(err, run).not.toContain("Warning");
      expect(jsonOf({ err, ...rest }), run).toMatchObject({ step: 2 });
    }
  });

  it("says in one line that the library for foreign calls has no binary here", async () => {
    const folder = await mkdtemp(join(place, "without-"));
    await install(packed.tarball, folder, ["koffi"]);
    // A copy does not find the binary that lies beside what it was copied from.
    await cp(join(root, "node_modules/koffi"), join(folder, "node_modules/koffi"), { recursive: true });
    const { status, err } = await inside(folder, command(folder), "demo");
    expect({ status, err }).toEqual({
      status: 2,
      err: expect.stringMatching(/^native libraries: expected the package @koromix\/koffi-[^\n]+\n$/),
    });
  });

  it.each([
    [
      ["@mujoco/mujoco"],
      ["demo"],
      /^simulation: expected the package @mujoco\/mujoco, got .*; install it: npm install/,
    ],
    [
      ["@huggingface/hub"],
      ["inspect", "hf://a/b"],
      /^hf:\/\/: expected the package @huggingface\/hub, got .*; install it/,
    ],
    [["node-av"], ["record", "--robot", "reacher", "--episodes", "1", "--out", "data"], /optional package node-av/],
    [
      ["onnxruntime-node"],
      ["train", "own.ts"],
      /^onnxruntime: expected the runtime for .* in the package onnxruntime-node/,
    ],
  ] as const)("says in one line that %j is missing", async (missing, words, line) => {
    const folder = await mkdtemp(join(place, "without-"));
    await install(packed.tarball, folder, missing);
    await writeFile(join(folder, "own.ts"), ownRecipe);
    const { status, out, err } = await inside(folder, command(folder), ...words);
    expect({ status, out, lines: err.trimEnd().split("\n") }).toEqual({
      status: 2,
      out: "",
      lines: [expect.stringMatching(line)],
    });
  });
});
