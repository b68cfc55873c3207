import { InputError } from "../../input-error.ts";

export type Family = "open-mpi" | "mpich";

/** What a launcher says to each process that it starts. */
export interface Launch {
  readonly launcher: string;
  readonly size: number;
  /** Implementations of MPI that the launcher may belong to, the likeliest first. */
  readonly families: readonly Family[];
}

/** Variables that launchers set, and whose they are. */
const launchers = [
  { variable: "OMPI_COMM_WORLD_SIZE", launcher: "Open MPI's mpirun", families: ["open-mpi"] },
  { variable: "PMI_SIZE", launcher: "mpiexec", families: ["mpich", "open-mpi"] },
  { variable: "SLURM_STEP_NUM_TASKS", launcher: "srun", families: ["open-mpi", "mpich"] },
] as const;

/**
 * How this process was launched; `null` where it is one process by itself.
 *
 * @throws InputError where Slurm started several processes that have no means to find each other
 */
export function launchOf(environment: Readonly<Record<string, string | undefined>>): Launch | null {
  const found = launchers.find(({ variable }) => environment[variable] !== undefined);
  if (found === undefined) return null;
  const size = Number(environment[found.variable]);
  if (!(size > 1)) return null;
  if (found.launcher === "srun" && environment.PMIX_RANK === undefined)
    throw new InputError(
      `ranks: srun started ${size} processes that cannot find each other; start them with "srun --mpi=pmix" or "mpirun"`,
    );
  return { launcher: found.launcher, size, families: found.families };
}
