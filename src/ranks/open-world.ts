import { loadavg } from "node:os";
import { InputError } from "../input-error.ts";
import { localLinks } from "./local.ts";
import type { MeetingOptions } from "./meetings.ts";
import { type Launch, launchOf } from "./mpi/launch.ts";
import { libraryVariable, openMpiLibrary } from "./mpi/library.ts";
import { Mpi } from "./mpi/mpi.ts";
import { MpiLink } from "./mpi/mpi-link.ts";
import { isCrowded } from "./place.ts";
import { World } from "./world.ts";

/** One rank by itself, whatever launched the process. */
export async function aloneWorld(): Promise<World> {
  return await World.open(localLinks(1)[0]!, { deadlineSeconds: Number.POSITIVE_INFINITY });
}

/**
 * The ranks that this process was launched with (`mpirun`, `mpiexec`, `srun`); alone, where it was not.
 *
 * MPI is looked for and loaded only where a launcher says that there are more ranks. Before the process ends in good order,
 * every rank has to `close` it.
 *
 * @param environment variables of the process, as the launcher set them
 * @throws InputError naming the package to install if there is no MPI, or if it is not the launcher's
 */
export async function openWorld(environment: Environment, options: MeetingOptions): Promise<World> {
  const launch = launchOf(environment);
  return launch === null ? await aloneWorld() : (await openMpiWorld(launch, environment, options)).world;
}

/** The ranks of a launch, and the MPI by which they speak; see `openWorld`. */
export async function openMpiWorld(
  launch: Launch,
  environment: Environment,
  options: MeetingOptions,
): Promise<{ readonly world: World; readonly mpi: Mpi }> {
  const library = openMpiLibrary(launch, environment[libraryVariable]);
  const mpi = new Mpi(library);
  const own = mpi.start();
  if (own.size !== launch.size)
    throw new InputError(
      `ranks: ${launch.launcher} started ${launch.size} processes, ${library.version} (${library.file}) finds ${own.size}; ` +
        `use the launcher of that library, or name the library of the launcher in ${libraryVariable}`,
    );
  const link = new MpiLink(mpi, own);
  const world = await World.open(link, options);
  if (isCrowded(world.rank, world.places, loadavg()[0]!)) link.giveWay();
  return { world, mpi };
}

type Environment = Readonly<Record<string, string | undefined>>;
