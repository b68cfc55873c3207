import { posix } from "node:path";
import { type Finding, lineAt, type SourceFile } from "./source.ts";

/** The folders of `src/` in the order a frame travels; one imports only from those before it. */
export const folderOrder = [
  "graph",
  "validity",
  "dataset",
  "embodiment",
  "mixture",
  "codec",
  "batch",
  "nn",
  "flow",
  "policy",
  "loss",
  "metric",
  "objective",
  "optimizer",
  "ranks",
  "checkpoint",
  "recipe",
  "training",
  "simulation",
  "serving",
  "audit",
  "dashboard",
  "demo",
  "doctor",
  "command",
];

/** What every folder may import, beside the files that stand directly in `src/`. */
const openFolders = ["graph", "validity"];
/** The one barrel: it imports everything, and nothing of `src/` imports it; one file tells recipes where it lies. */
const barrel = "src/index.ts";
const barrelKeeper = "src/recipe/module.ts";

/** The folders of `src/` that may import `client/`: the robots that are simulated, and what answers a robot. */
const clientRooms = ["simulation", "serving"];
/** All that `client/` imports from `src/`, so that it can be bundled for a browser; its tests and examples import what they need. */
const filesOfClient = ["src/input-error.ts"];

/** The commands that load a tool of developers, and which: nothing else of `src/` knows of `bench/` and `tools/`. */
export const toolOfCommand: Readonly<Record<string, string>> = {
  "src/command/bench.ts": "bench/run.ts",
  "src/command/check.ts": "tools/check/run.ts",
  "src/command/mutate.ts": "tools/mutate/run.ts",
  "src/command/properties.ts": "tools/properties/run.ts",
  "src/command/stryker.ts": "tools/stryker/run.ts",
  "src/command/test.ts": "tools/test/run.ts",
  "src/command/parity.ts": "tools/parity/run.ts",
};

/** Packages that only some folders may name, by the start of their name. */
const packageRooms: Readonly<Record<string, readonly string[]>> = {
  onnxruntime: ["graph"],
  protobufjs: ["graph", "serving", "dashboard"],
  "@grpc": ["serving"],
  koffi: ["graph", "ranks"],
  hyparquet: ["dataset"],
  "node-av": ["dataset"],
  "@mujoco": ["simulation"],
  commander: ["command"],
  ws: ["serving"],
  msgpackr: [],
  "@huggingface/tokenizers": ["codec"],
  preact: ["dashboard"],
  uplot: ["dashboard"],
  "playwright-core": ["dashboard"],
  "axe-core": ["dashboard"],
};

// The formatter puts every import at the start of a line, so that statements need no parser.
const importForms = [
  /^(?:import|export)\b[^"'`;]*?\bfrom\s+"([^"]+)"/gm,
  /^import\s+"([^"]+)"/gm,
  /\bimport\(\s*"([^"]+)"/g,
];

/** How a file gives the address of another: of a package, for a thread, of a tool. */
const addressForms = [
  /\brequire(?:\.resolve)?\(\s*"([^"]+)"/g,
  /\b(?:new URL|moduleUrl)\(\s*"([^"]+\.ts)"/g,
  /\bloadTool(?:<\w+>)?\(\s*"([^"]+)"/g,
];

/**
 * Imports that go against the order of folders, leave `src/`, or name a package outside its rooms.
 *
 * What stands beside `src/` may import all of it; of `bench/` and `tools/` recipes know nothing.
 */
export function strayImports(files: readonly SourceFile[]): Finding[] {
  return files.flatMap((file) =>
    imports(file.text).flatMap(({ name, at }) => {
      const message = strayImport(file.path, name);
      return message === undefined ? [] : [{ path: file.path, line: lineAt(file.text, at), message }];
    }),
  );
}

/** What a file imports, and what it names the address of. */
export function imports(text: string): Named[] {
  return namedIn(text, [...importForms, ...addressForms]);
}

/** What has to be read before a file, or for its types. */
export function importStatements(text: string): Named[] {
  return namedIn(text, importForms);
}

interface Named {
  readonly name: string;
  readonly at: number;
}

function namedIn(text: string, forms: readonly RegExp[]): Named[] {
  return forms.flatMap((form) => [...text.matchAll(form)].map((match) => ({ name: match[1] ?? "", at: match.index })));
}

function strayImport(path: string, name: string): string | undefined {
  const isFile = name.startsWith(".");
  if (path.startsWith("src/") && path !== barrel) return isFile ? strayFile(path, name) : strayPackage(path, name);
  const target = targetOf(path, name);
  if (path.startsWith("client/") && !path.startsWith("client/examples/") && !path.endsWith(".test.ts"))
    return isFile ? strayOfClient(target) : strayLibrary(name);
  const isTool = isFile && /^(bench|tools)\//.test(target);
  return path.startsWith("recipes/") && isTool ? `imports ${target}, which only developers have` : undefined;
}

/** The file that an import names, from the root. */
export function targetOf(path: string, name: string): string {
  return posix.join(posix.dirname(path), name);
}

function strayOfClient(target: string): string | undefined {
  if (target.startsWith("client/") || filesOfClient.includes(target)) return undefined;
  return `imports ${target}; expected a file of client/, or ${filesOfClient.join(", ")}`;
}

function strayLibrary(name: string): string | undefined {
  return name === "msgpackr" ? undefined : `imports ${name}; expected what a browser has, and msgpackr`;
}

function strayFile(path: string, name: string): string | undefined {
  const target = targetOf(path, name);
  if (toolOfCommand[path] === target) return undefined;
  if (path === barrelKeeper && target === barrel) return undefined;
  if (target.startsWith("client/") && clientRooms.includes(folderOf(path))) return undefined;
  if (!target.startsWith("src/") || target === barrel)
    return `imports ${target}; expected a file below src/ that is not its barrel`;
  const [from, to] = [folderOf(path), folderOf(target)];
  if (from !== "" && !folderOrder.includes(from))
    return `src/${from}/ is not in the order of folders, which tools/check/direction.ts lists`;
  if (to === "" || to === from || (from !== "" && openFolders.includes(to))) return undefined;
  const isBefore = folderOrder.includes(to) && folderOrder.indexOf(to) < folderOrder.indexOf(from);
  return isBefore ? undefined : `imports ${to}/, which does not stand before it in the order of folders`;
}

function strayPackage(path: string, name: string): string | undefined {
  const room = Object.entries(packageRooms).find(([start]) => name.startsWith(start))?.[1];
  if (room === undefined || room.includes(folderOf(path))) return undefined;
  const rooms = room.length === 0 ? "client/" : room.map((folder) => `${folder}/`).join(" and ");
  return `imports ${name}, which only ${rooms} may name`;
}

/** `graph` of `src/graph/op/einsum.ts`; empty for a file that stands directly in `src/`. */
function folderOf(path: string): string {
  const [, folder = "", ...rest] = path.split("/");
  return rest.length > 0 ? folder : "";
}
