import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { loadLibav } from "../dataset/libav.ts";
import { InputError } from "../input-error.ts";
import { libraryVariable, openMpiLibrary } from "../ranks/mpi/library.ts";

/** Something that not everybody needs. */
export interface SoftwarePart {
  readonly name: string;
  /** Which one is there; `null`: none. */
  readonly found: string | null;
  /** What it is for, and how to bring it. */
  readonly brings: string;
}

/** Packages of npm that may be left out, and what each is for. */
const packages = [
  ["@mujoco/mujoco", "simulated robots"],
  ["@huggingface/hub", "datasets at hf://"],
  ["@grpc/grpc-js", "LeRobot's own client (serve --lerobot-port)"],
  ["bufferutil", "pictures of clients, read faster"],
] as const;

const vulkanFolders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** What there is beside the program, each part of it optional. */
export async function softwareParts(): Promise<SoftwarePart[]> {
  return [
    {
      name: "node-av",
      found: (await loadLibav()) === null ? null : packageVersion("node-av"),
      brings: "video: npm install node-av",
    },
    {
      name: "ffmpeg",
      found: await firstLine("ffmpeg", ["-version"]),
      brings: "video where node-av is missing: apt-get install ffmpeg",
    },
    ...packages.map(([name, what]): SoftwarePart => {
      return { name, found: packageVersion(name), brings: `${what}: npm install ${name}` };
    }),
    { name: "MPI", found: mpiLibrary(), brings: "several processes: apt-get install openmpi-bin" },
    {
      name: "mpirun",
      found: await firstLine("mpirun", ["--version"]),
      brings: "to start them: apt-get install openmpi-bin",
    },
    {
      name: "NVIDIA",
      found: await firstLine("nvidia-smi", ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]),
      brings: "--device cuda: a card and its driver",
    },
    { name: "Vulkan", found: await vulkanDrivers(), brings: "--device webgpu: the driver of a card" },
  ];
}

/** Version of a package of npm that this one finds; `null`: it is not installed. */
export function packageVersion(name: string): string | null {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const file = folders.map((folder) => join(folder, name, "package.json")).find((path) => existsSync(path));
  if (file === undefined) return null;
  const { version }: { version?: unknown } = JSON.parse(readFileSync(file, "utf8"));
  return String(version);
}

function mpiLibrary(): string | null {
  try {
    const { version, file } = openMpiLibrary(
      { launcher: "doctor", size: 2, families: ["open-mpi", "mpich"] },
      process.env[libraryVariable],
    );
    return `${version} (${file})`;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** The first line that a program says; `null` where it is not there or fails. */
async function firstLine(program: string, words: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(program, [...words], { timeout: 10_000 });
    return stdout.split("\n", 1)[0]?.trim() || null;
  } catch {
    return null;
  }
}

/** Drivers by their descriptions, as Vulkan's loader finds them. */
async function vulkanDrivers(): Promise<string | null> {
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  if (named !== undefined) return named;
  const files = await Promise.all(
    vulkanFolders.map(async (folder) => (existsSync(folder) ? await readdir(folder) : [])),
  );
  return files.flat().join(", ") || null;
}
