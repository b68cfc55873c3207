import { join, relative, sep } from "node:path";
import type { SourceFile } from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";
import { InputError } from "../../src/input-error.ts";

/** The syntax of a project's files, by their paths from its root, as the compiler reads them. */
export type Syntax = ReadonlyMap<string, SourceFile>;

/**
 * Reads the files of a project below `src/`.
 *
 * @param folder of the project, with its `tsconfig.json`
 */
export function withSyntax<R>(folder: string, read: (syntax: Syntax) => R): R {
  const settings = join(folder, "tsconfig.json");
  const api = new API({ cwd: folder });
  try {
    const project = api.updateSnapshot({ openProjects: [settings] }).getProject(settings);
    if (project === undefined) throw new InputError(`mutate: expected a project with ${settings}, got none`);
    const found = new Map<string, SourceFile>();
    for (const name of project.program.getSourceFileNames().toSorted()) {
      const path = relative(folder, name).replaceAll(sep, "/");
      const file = path.startsWith("src/") ? project.program.getSourceFile(name) : undefined;
      if (file !== undefined) found.set(path, file);
    }
    return read(found);
  } finally {
    api.close();
  }
}
