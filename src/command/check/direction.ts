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
  "policy",
  "flow",
  "loss",
  "metric",
  "optimizer",
  "ranks",
  "checkpoint",
  "training",
  "audit",
  "simulation",
  "serving",
  "dashboard",
  "command",
];

/** What every folder may import, beside the files that stand directly in `src/`. */
const openFolders = ["graph", "validity"];
/** The one barrel: it imports everything, and nothing of `src/` imports it; one file tells recipes where it lies. */
const barrel = "src/index.ts";
const barrelKeeper = "src/training/recipe-module.ts";

/** Packages that only some folders may name, by the start of their name. */
const packageRooms: Readonly<Record<string, readonly string[]>> = {
  onnxruntime: ["graph"],
  protobufjs: ["graph"],
  koffi: ["graph", "ranks"],
  hyparquet: ["dataset"],
  "node-av": ["dataset"],
  "@mujoco": ["simulation"],
  commander: ["command"],
};

// The formatter puts every import at the start of a line, so that statements need no parser.
const importForms = [
  /^(?:import|export)\b[^"'`;]*?\bfrom\s+"([^"]+)"/gm,
  /^import\s+"([^"]+)"/gm,
  /\bimport\(\s*"([^"]+)"/g,
  /\brequire(?:\.resolve)?\(\s*"([^"]+)"/g,
  /\b(?:new URL|moduleUrl)\(\s*"([^"]+\.ts)"/g,
];

/** Imports that go against the order of folders, leave `src/`, or name a package outside its rooms. */
export function strayImports(files: readonly SourceFile[]): Finding[] {
  return files
    .filter(({ path }) => path.startsWith("src/") && path !== barrel)
    .flatMap((file) =>
      imports(file.text).flatMap(({ name, at }) => {
        const message = name.startsWith(".") ? strayFile(file.path, name) : strayPackage(file.path, name);
        return message === undefined ? [] : [{ path: file.path, line: lineAt(file.text, at), message }];
      }),
    );
}

export function imports(text: string): { name: string; at: number }[] {
  return importForms.flatMap((form) =>
    [...text.matchAll(form)].map((match) => ({ name: match[1] ?? "", at: match.index })),
  );
}

function strayFile(path: string, name: string): string | undefined {
  const target = posix.join(posix.dirname(path), name);
  if (path === barrelKeeper && target === barrel) return undefined;
  if (!target.startsWith("src/") || target === barrel)
    return `imports ${target}; expected a file below src/ that is not its barrel`;
  const [from, to] = [folderOf(path), folderOf(target)];
  if (from !== "" && !folderOrder.includes(from))
    return `src/${from}/ is not in the order of folders, which src/command/check/direction.ts lists`;
  if (to === "" || to === from || (from !== "" && openFolders.includes(to))) return undefined;
  const isBefore = folderOrder.includes(to) && folderOrder.indexOf(to) < folderOrder.indexOf(from);
  return isBefore ? undefined : `imports ${to}/, which does not stand before it in the order of folders`;
}

function strayPackage(path: string, name: string): string | undefined {
  const room = Object.entries(packageRooms).find(([start]) => name.startsWith(start))?.[1];
  if (room === undefined || room.includes(folderOf(path))) return undefined;
  return `imports ${name}, which only ${room.map((folder) => `${folder}/`).join(" and ")} may name`;
}

/** `graph` of `src/graph/op/einsum.ts`; empty for a file that stands directly in `src/`. */
function folderOf(path: string): string {
  const [, folder = "", ...rest] = path.split("/");
  return rest.length > 0 ? folder : "";
}
