import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { userInfo } from "node:os";

/** A launcher of ranks that is installed here. */
export interface Launcher {
  readonly name: "Open MPI" | "MPICH";
  readonly command: string;
  readonly options: readonly string[];
}

/** What a job left. */
export interface JobResult {
  /** `null` where it was killed for running too long. */
  readonly status: number | null;
  /** Everything that its ranks and its launcher wrote. */
  readonly output: string;
  readonly seconds: number;
}

const known = [
  { name: "Open MPI", sign: /Open MPI|OpenRTE/, commands: ["mpirun.openmpi", "mpirun"], options: ["--oversubscribe"] },
  { name: "MPICH", sign: /HYDRA/, commands: ["mpirun.mpich", "mpiexec.hydra", "mpirun"], options: [] },
] as const;

/** The launchers of this machine. Tests of ranks skip those that are not here, under a name that says so. */
export function findLaunchers(): Launcher[] {
  return known.flatMap(({ name, sign, commands, options }) => {
    const command = commands.find((candidate) => sign.test(versionOf(candidate)));
    if (command === undefined) return [];
    const root = name === "Open MPI" && userInfo().uid === 0 ? ["--allow-run-as-root"] : [];
    return [{ name, command, options: [...options, ...root] }];
  });
}

function versionOf(command: string): string {
  return String(spawnSync(command, ["--version"], { encoding: "utf8" }).stdout);
}

/** Runs a program of this repository on several ranks. */
export async function runRanks(
  { command, options }: Launcher,
  size: number,
  program: readonly string[],
  watch: JobWatch,
): Promise<JobResult> {
  return await runJob(command, [...options, "-np", String(size), process.execPath, ...program], watch);
}

/** How long a job may take, and what is done while it runs. */
export interface JobWatch {
  readonly seconds: number;
  /** Told of the job once it runs, with a way to see what it has written. */
  started?(job: ChildProcess, output: () => string): void;
}

export async function runJob(command: string, options: readonly string[], watch: JobWatch): Promise<JobResult> {
  const began = performance.now();
  const job = spawn(command, options, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [job.stdout, job.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const limit = setTimeout(() => job.kill("SIGKILL"), 1000 * watch.seconds);
  watch.started?.(job, () => output);
  const status = await new Promise<number | null>((resolve, reject) => job.on("close", resolve).on("error", reject));
  clearTimeout(limit);
  return { status, output, seconds: (performance.now() - began) / 1000 };
}

/** The lines of JSON that hold a key, of all ranks. */
export function lines(output: string, key: string): Record<string, unknown>[] {
  return output.split("\n").flatMap((line) => {
    if (!line.startsWith("{") || !line.endsWith("}")) return [];
    const found: unknown = JSON.parse(line);
    return typeof found === "object" && found !== null && key in found ? [{ ...found }] : [];
  });
}

/** Does something to a job once so many ranks have printed that they are ready. */
export function onceReady(
  size: number,
  act: (processes: number[], launcher: number) => void,
): NonNullable<JobWatch["started"]> {
  return (job, output) => {
    const look = setInterval(() => {
      if (lines(output(), "ready").length < size) return;
      clearInterval(look);
      const [first] = lines(output(), "places");
      act(Array.isArray(first?.places) ? first.places.map(Number) : [], job.pid ?? 0);
    }, 20);
    job.on("close", () => clearInterval(look));
  };
}
