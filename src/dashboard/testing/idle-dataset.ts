import { writeV2 } from "../../dataset/testing/small-dataset.ts";
import { asFound } from "../../embodiment/mapping.ts";
import type { Recipe } from "../../recipe/schema.ts";
import { awkwardRecipe, plainRecipe } from "../../recipe/testing/awkward-recipe.ts";

/** Where the robot stands at each row of each episode: it moves from row 2 to row 5. */
const positions = [0, 0, 0, 1, 2, 3, 3, 3];

/** A dataset whose episodes are idle at both ends, with a column that training does not read, torn at one row of each. */
export async function writeIdle(folder: string, tornRows: readonly number[]): Promise<void> {
  const feature = { "observation.heat": { dtype: "float32", shape: [1], names: null } };
  await writeV2(folder, Array(tornRows.length).fill(positions.length), feature, (episode) => [
    { name: "action", kind: "floats", values: positions.map((position) => [position, episode]) },
    {
      name: "observation.heat",
      kind: "float",
      values: positions.map((_, row) => (row === tornRows[episode] ? Number.NaN : row)),
    },
  ]);
}

/** A recipe of that dataset, at `idle` below a folder, which trims all idle rows but one at each end. */
export function idleRecipe(root: string): Recipe {
  const entry = {
    name: "idle",
    source: { kind: "lerobot", location: "idle", taskAnnotation: "declared" },
    episodes: "all",
    role: "both",
    weight: 1,
    trimIdle: { below: 0.5, keep: 1 },
    mapping: { ...asFound, controlMode: "joint" },
  } as const;
  const plain = plainRecipe([entry], []);
  const { promptTokens } = awkwardRecipe.policy;
  return { ...plain, data: { ...plain.data, root }, policy: { ...plain.policy, promptTokens } };
}
