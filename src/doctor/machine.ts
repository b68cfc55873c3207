import { readFile, statfs } from "node:fs/promises";
import { arch, availableParallelism, cpus, freemem, loadavg, platform, release, tmpdir, totalmem } from "node:os";

/** A line of what is there: its name, and what there is to say of it. */
export interface Fact {
  readonly name: string;
  readonly found: string;
}

/** Instructions that decide how fast products of matrices are, as Linux names them, the widest last. */
const instructions: readonly (readonly [flag: string, name: string])[] = [
  ["avx2", "AVX2"],
  ["avx512f", "AVX-512"],
  ["avx512_vnni", "AVX-512 VNNI (8-bit integers)"],
  ["avx512_bf16", "AVX-512 BF16"],
  ["amx_int8", "AMX int8"],
  ["amx_bf16", "AMX bf16"],
  ["asimd", "NEON"],
  ["i8mm", "NEON int8"],
  ["bf16", "NEON bf16"],
];

const gibibyte = 2 ** 30;

/** The machine that this process runs on, as a support ticket tells it. */
export async function machineFacts(): Promise<Fact[]> {
  const [first] = cpus();
  const limit = process.constrainedMemory();
  const isLimited = limit > 0 && limit < totalmem();
  const memory = `${gib(totalmem())}, ${gib(freemem())} free${isLimited ? `, ${gib(limit)} for this process` : ""}`;
  return [
    { name: "system", found: `${await systemName()}, ${platform()} ${release()} on ${arch()}` },
    { name: "Node.js", found: process.version },
    {
      name: "processor",
      found: `${first?.model.trim() || "unknown"}, ${availableParallelism()} of ${cpus().length} cores for this process`,
    },
    { name: "instructions", found: await instructionNames() },
    { name: "load", found: `${loadavg()[0]!.toFixed(1)} in the last minute` },
    { name: "memory", found: memory },
    { name: "disk", found: `${await freeAt(process.cwd())} free here, ${await freeAt(tmpdir())} for temporary files` },
  ];
}

/** The instructions of a processor that is described as `/proc/cpuinfo` does; "unknown" where it says nothing of them. */
export function instructionsIn(cpuinfo: string): string {
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(/\s+/);
  if (flags === undefined) return "unknown";
  const found = instructions.filter(([flag]) => flags.includes(flag)).map(([, name]) => name);
  return found.length === 0 ? "none of those that products of matrices gain from" : found.join(", ");
}

async function instructionNames(): Promise<string> {
  return instructionsIn(await textOf("/proc/cpuinfo"));
}

async function systemName(): Promise<string> {
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(await textOf("/etc/os-release"))?.[1] ?? platform();
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return "";
  }
}

async function freeAt(folder: string): Promise<string> {
  const { bavail, bsize } = await statfs(folder);
  return gib(bavail * bsize);
}

function gib(bytes: number): string {
  return `${(bytes / gibibyte).toFixed(1)} GiB`;
}
