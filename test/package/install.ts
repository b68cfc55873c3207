import { execFile } from "node:child_process";
import { chmod, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { root } from "../../src/command/root.ts";

const start = promisify(execFile);

/** What the package is made from; it is made in a copy, as what is compiled lies beside the sources. */
const sources = [
  "src",
  "client",
  "recipes",
  "package.json",
  "tsconfig.json",
  "tsconfig.package.json",
  "README.md",
  "LICENSE",
];

const listing = z.array(
  z.object({
    filename: z.string(),
    /** Bytes, packed. */
    size: z.number(),
    files: z.array(z.object({ path: z.string() })),
  }),
);

/** A package as `npm pack` makes it. */
export interface Packed {
  readonly tarball: string;
  readonly bytes: number;
  readonly paths: readonly string[];
}

/** The environment of a user who has this Node and no network; npm keeps its notes with everything else in a folder of the test. */
export function offline(place: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
    npm_config_offline: "true",
    npm_config_update_notifier: "false",
    npm_config_cache: join(place, "npm"),
  };
}

/** Packs the sources of this clone, in a folder that has to be there. */
export async function pack(folder: string): Promise<Packed> {
  for (const name of sources) await cp(join(root, name), join(folder, name), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  const { stdout } = await start("npm", ["pack", "--json"], {
    cwd: folder,
    env: offline(dirname(folder)),
    maxBuffer: 2 ** 24,
  });
  // What the compiler says comes before the listing.
  const [packed] = listing.parse(JSON.parse(stdout.slice(stdout.search(/^\[/m))));
  if (packed === undefined) throw new Error(`expected a package, got ${stdout}`);
  const { filename, size, files } = packed;
  return { tarball: join(folder, filename), bytes: size, paths: files.map(({ path }) => path) };
}

const manifest = z.object({
  bin: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
});

/**
 * Lays a package out in `folder` as npm does, with no network: the packages that it depends on, and no others, are links to
 * those of this clone.
 *
 * @param missing packages that are left out
 */
export async function install(tarball: string, folder: string, missing: readonly string[]): Promise<void> {
  const packages = join(folder, "node_modules");
  const own = join(packages, "armature");
  await mkdir(own, { recursive: true });
  await start("tar", ["-xzf", tarball, "--strip-components=1", "-C", own]);
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  const read = manifest.parse(JSON.parse(await readFile(join(own, "package.json"), "utf8")));
  const needed = { ...read.dependencies, ...read.optionalDependencies, "@types/node": "", "undici-types": "" };
  for (const name of Object.keys(needed)) if (!missing.includes(name)) await linkPackage(name, packages);
  await mkdir(join(packages, ".bin"));
  for (const [name, path] of Object.entries(read.bin)) {
    await chmod(join(own, path), 0o755);
    await symlink(join("../armature", path), join(packages, ".bin", name));
  }
}

async function linkPackage(name: string, packages: string): Promise<void> {
  await mkdir(dirname(join(packages, name)), { recursive: true });
  await symlink(join(root, "node_modules", name), join(packages, name));
}
