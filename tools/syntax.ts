import { join, relative, sep } from "node:path";
import type { Node, SourceFile } from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";
import { InputError } from "../src/input-error.ts";

/** The syntax of a project's files, by their paths from its root, as the compiler reads them. */
export type Syntax = ReadonlyMap<string, SourceFile>;

/**
 * Reads the files of a project below `src/`, or its own wherever they are.
 *
 * @param folder of the project, with its `tsconfig.json`
 */
export function withSyntax<R>(folder: string, files: "src" | "all", read: (syntax: Syntax) => R): R {
  const settings = join(folder, "tsconfig.json");
  const api = new API({ cwd: folder });
  try {
    const project = api.updateSnapshot({ openProjects: [settings] }).getProject(settings);
    if (project === undefined) throw new InputError(`syntax: expected a project with ${settings}, got none`);
    const found = new Map<string, SourceFile>();
    for (const name of project.program.getSourceFileNames().toSorted()) {
      const path = relative(folder, name).replaceAll(sep, "/");
      const isRead = files === "src" ? path.startsWith("src/") : !/^\.\.|(^|\/)node_modules\//.test(path);
      const file = isRead ? project.program.getSourceFile(name) : undefined;
      if (file !== undefined) found.set(path, file);
    }
    return read(found);
  } finally {
    api.close();
  }
}

/** Every node below one, and itself, outermost first. */
export function* nodesIn(node: Node): Generator<Node> {
  yield node;
  const inner: Node[] = [];
  node.forEachChild((child) => {
    inner.push(child);
  });
  for (const child of inner) yield* nodesIn(child);
}
