import { localLinks } from "./local.ts";
import { World } from "./world.ts";

/** So many ranks in this process, for tests of what ranks do together. */
export async function localWorlds(size: number, deadlineSeconds: number): Promise<World[]> {
  return await Promise.all(localLinks(size).map((link) => World.open(link, { deadlineSeconds })));
}

/** What each rank returns. */
export async function onRanks<T>(worlds: readonly World[], body: (world: World) => Promise<T>): Promise<T[]> {
  return await Promise.all(worlds.map(body));
}
