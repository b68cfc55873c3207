import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, readdir, readFile, rename, rm, stat, statfs } from "node:fs/promises";
import { arch, platform } from "node:os";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type LibrarySet, libraryFolder, libraryVariables } from "../cache-folder.ts";
import { isAbsent, isOutOfRoom } from "../checkpoint/durable.ts";
import { InputError } from "../input-error.ts";
import { makeFolder } from "../make-folder.ts";
import { answered, findWheel, type Wheel, type WheelPlatform, type WheelRequest } from "./wheel-index.ts";
import { unpacked, ZipError, zipEntries } from "./zip.ts";

/** Libraries of a package of the Python package index. */
export interface LibraryPackage extends WheelRequest {
  /** Files that are needed, as the package installs them. */
  readonly files: readonly string[];
}

/** A set of libraries that is there. */
export interface InstalledLibraries {
  readonly set: LibrarySet;
  readonly folder: string;
  /** False where nothing had to be fetched. */
  readonly isNew: boolean;
  readonly packages: readonly { readonly name: string; readonly version: string; readonly bytes: number }[];
  /** Size of the libraries. */
  readonly bytes: number;
}

export interface InstallRequest {
  readonly set: LibrarySet;
  readonly packages: readonly LibraryPackage[];
  readonly platform: WheelPlatform;
}

/**
 * Brings a set of libraries into its folder, laid out as `pip install --target` does: whole, or not at all. What is there already stays.
 *
 * @param seen told how many bytes are fetched, and of how many
 * @throws InputError where they cannot be had, are not what the index says, or have no room
 */
export async function installLibraries(
  { set, packages, platform }: InstallRequest,
  seen: (done: number, of: number) => void,
): Promise<InstalledLibraries> {
  const folder = libraryFolder(set);
  const present = await presentLibraries(set, packages);
  if (present !== null) return present;
  await refuseForeign(set, folder);
  const wheels = await Promise.all(packages.map((each) => findWheel(each, platform)));
  const total = wheels.reduce((sum, { bytes }) => sum + bytes, 0);
  await makeFolder(dirname(folder));
  await requireRoom(set, dirname(folder), total);
  await removeDeserted(folder);
  const staging = `${folder}${unfinished}${process.pid}`;
  await makeFolder(staging);
  try {
    let before = 0;
    for (const [at, wheel] of wheels.entries()) {
      await unpackWheel(wheel, packages[at]!, staging, (done) => seen(before + done, total));
      before += wheel.bytes;
    }
    const bytes = await presentBytes(staging, packages);
    if (bytes === null)
      throw new InputError(`${set}: expected every file that the wheels list, got some of another size`);
    await rm(folder, { recursive: true, force: true });
    await rename(staging, folder);
    return outcome(set, packages, bytes, true);
  } catch (error) {
    if (isOutOfRoom(error)) throw noRoom(set, dirname(folder), await freeBytes(dirname(folder)), total);
    throw error;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/**
 * This machine as wheels name it.
 *
 * @throws InputError where there are no libraries for it
 */
export function wheelPlatform(set: LibrarySet): WheelPlatform {
  const architecture = { x64: "x86_64", arm64: "aarch64" }[String(arch())];
  const report = process.report.getReport();
  const header: unknown = "header" in report ? report.header : null;
  const glibc =
    typeof header === "object" && header !== null && "glibcVersionRuntime" in header
      ? /^(\d+)\.(\d+)/.exec(String(header.glibcVersionRuntime))
      : null;
  if (platform() !== "linux" || architecture === undefined || glibc === null)
    throw new InputError(
      `--install ${set}: expected Linux with glibc on x86-64 or ARM64, for which its libraries are built, got ${platform()} on ${arch()}`,
    );
  return { architecture, glibc: [Number(glibc[1]), Number(glibc[2])] };
}

function outcome(
  set: LibrarySet,
  packages: readonly LibraryPackage[],
  sizes: readonly number[],
  isNew: boolean,
): InstalledLibraries {
  const each = packages.map(({ name, version }, at) => ({ name, version, bytes: sizes[at]! }));
  return { set, folder: libraryFolder(set), isNew, packages: each, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Which libraries are there; `null` unless all are, in their versions and sizes. */
export async function presentLibraries(
  set: LibrarySet,
  packages: readonly LibraryPackage[],
): Promise<InstalledLibraries | null> {
  const sizes = await presentBytes(libraryFolder(set), packages);
  return sizes === null ? null : outcome(set, packages, sizes, false);
}

/** How large each package's libraries are; `null` unless all are there, in their versions and sizes. */
async function presentBytes(folder: string, packages: readonly LibraryPackage[]): Promise<readonly number[] | null> {
  const sizes: number[] = [];
  for (const one of packages) {
    const listed = await recordedSizes(join(folder, recordOf(one)));
    const found = await Promise.all(one.files.map((file) => sizeOf(join(folder, file))));
    if (one.files.some((file, at) => found[at] === null || listed.get(file) !== found[at])) return null;
    sizes.push(found.reduce<number>((sum, size) => sum + (size ?? 0), 0));
  }
  return sizes;
}

/** Sizes by path, as a package's list of its files says. @source PEP 376: path, hash, size */
async function recordedSizes(file: string): Promise<ReadonlyMap<string, number>> {
  const text = await readFile(file, "utf8").catch(unlessAbsent(""));
  const rows = text.matchAll(/^"?([^",\n]+)"?,[^,\n]*,(\d+)\r?$/gm);
  return new Map([...rows].map(([, path, size]) => [path!, Number(size)]));
}

function recordOf({ name, version }: LibraryPackage): string {
  return `${listOf(name, version)}/RECORD`;
}

/** The folder in which a package tells of itself, its licence above all. */
function listOf(name: string, version: string): string {
  return `${name.replace(/[-_.]+/g, "_")}-${version}.dist-info`;
}

async function sizeOf(file: string): Promise<number | null> {
  return await stat(file).then(({ size }) => size, unlessAbsent(null));
}

function unlessAbsent<T>(absent: T): (error: unknown) => T {
  return (error) => {
    if (isAbsent(error)) return absent;
    throw error;
  };
}

/** Ends the name of the folder in which a process collects what it fetches, before the process's number. */
const unfinished = ".unfinished-";

/** Removes what installs left that were ended by force. */
async function removeDeserted(folder: string): Promise<void> {
  const begin = `${basename(folder)}${unfinished}`;
  for (const name of await readdir(dirname(folder))) {
    if (!name.startsWith(begin) || isRunning(Number(name.slice(begin.length)))) continue;
    await rm(join(dirname(folder), name), { recursive: true });
  }
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

/** What is in the cache is this program's; a folder that the user names may hold anything. */
async function refuseForeign(set: LibrarySet, folder: string): Promise<void> {
  const variable = libraryVariables[set];
  if (!process.env[variable]) return;
  const files = await readdir(folder).catch(unlessAbsent([]));
  if (files.length > 0)
    throw new InputError(
      `${folder}: expected an empty folder, or these libraries in it, got ${files.length} other files; name another in ${variable}`,
    );
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Unpacked files are larger than packed ones. */
async function requireRoom(set: LibrarySet, folder: string, bytes: number): Promise<void> {
  const free = await freeBytes(folder);
  if (free < bytes) throw noRoom(set, folder, free, bytes);
}

function noRoom(set: LibrarySet, folder: string, free: number, bytes: number): InputError {
  return new InputError(
    `${folder}: expected room for the libraries, ${megabytes(bytes)} packed and about twice that unpacked, got ${megabytes(free)} free; ` +
      `free some, or name a folder on another disk in ${libraryVariables[set]}`,
  );
}

/** Bytes as people read them. */
export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

async function unpackWheel(
  wheel: Wheel,
  { name, version, files }: LibraryPackage,
  folder: string,
  seen: (done: number) => void,
): Promise<void> {
  const packed = join(folder, wheel.file);
  await fetchWheel(wheel, packed, seen);
  const archive = await open(packed, "r");
  try {
    const entries = await zipEntries(archive);
    const missing = files.find((file) => !entries.some(({ path }) => path === file));
    if (missing !== undefined) throw new ZipError(`no ${missing} in it`);
    const own = `${listOf(name, version)}/`;
    for (const entry of entries.filter(({ path }) => files.includes(path) || path.startsWith(own))) {
      const target = join(folder, entry.path);
      await makeFolder(dirname(target));
      await pipeline(unpacked(archive, entry), createWriteStream(target, { flags: "wx" }));
    }
  } catch (error) {
    if (error instanceof ZipError)
      throw new InputError(`${wheel.file}: expected a wheel of ${name}, got ${error.message}`);
    throw error;
  } finally {
    await archive.close();
  }
  await rm(packed);
}

async function fetchWheel({ file, address, sha256 }: Wheel, target: string, seen: (done: number) => void) {
  const response = await answered(file, address, {});
  const hash = createHash("sha256");
  let done = 0;
  try {
    await pipeline(
      Readable.from(response.body ?? []),
      async function* (pieces: AsyncIterable<Uint8Array>) {
        for await (const piece of pieces) {
          hash.update(piece);
          done += piece.length;
          seen(done);
          yield piece;
        }
      },
      createWriteStream(target, { flags: "wx" }),
    );
  } catch (error) {
    if (isOutOfRoom(error)) throw error;
    throw new InputError(`${file}: expected all of it, got ${megabytes(done)} before the connection broke; try again`);
  }
  const found = hash.digest("hex");
  if (found !== sha256)
    throw new InputError(
      `${file}: expected the bytes of sha256 ${sha256} that the index lists, got ${found}; nothing was installed: try again, or ask the index's keeper`,
    );
}
