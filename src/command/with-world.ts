import type { World } from "../ranks/world.ts";
import type { CommandOutcome } from "./definition.ts";
import { explain, statusOf } from "./run.ts";

/** How long a rank may be behind the others; a checkpoint or a validation of rank 0 has to fit. */
const deadlineSeconds = 300;

/** What the ranks after the first print: rank 0 speaks for all. */
const silent: CommandOutcome = { status: 0, json: null, text: "" };

/**
 * Runs a command on the ranks that the process was launched with (`mpirun`, `srun`), alone where it was not.
 *
 * An error on one of several ranks ends all of them, with its message and the rank that met it.
 */
export async function withWorld(body: (world: World) => Promise<CommandOutcome>): Promise<CommandOutcome> {
  const { openWorld } = await import("../ranks/open-world.ts");
  const world = await openWorld(process.env, { deadlineSeconds });
  try {
    const outcome = await body(world);
    await world.close();
    return world.rank === 0 ? outcome : silent;
  } catch (error) {
    if (world.size > 1) world.abort(explain(error), statusOf(error));
    throw error;
  }
}
