import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

/** A copy of a work tree in which guards are missing one after the other: the tree itself is never touched. */
export class WorkCopy {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Copies all that git does not ignore; installed packages are linked. */
  static async of(tree: string): Promise<WorkCopy> {
    const folder = await mkdtemp(join(tmpdir(), "armature-mutate-"));
    const ignored = (await readFile(join(tree, ".gitignore"), "utf8")).split("\n").filter((line) => line !== "");
    const left = new Set([".git", ...ignored.map((line) => line.replace("/", ""))]);
    await cp(tree, folder, { recursive: true, filter: (source) => !left.has(relative(tree, source)) });
    await symlink(join(tree, "node_modules"), join(folder, "node_modules"));
    return new WorkCopy(folder);
  }

  /** Runs with another text in a file, which has its own again afterwards. */
  async having<R>(path: string, change: (text: string) => string, run: () => Promise<R>): Promise<R> {
    const file = join(this.folder, path);
    const text = await readFile(file, "utf8");
    await writeFile(file, change(text));
    try {
      return await run();
    } finally {
      await writeFile(file, text);
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true });
  }
}
