import { resolve } from "node:path";
import type { Manifest } from "../checkpoint/manifest.ts";
import { featureWidth } from "../dataset/feature.ts";
import { openDataset } from "../dataset/read/open.ts";
import { InputError } from "../input-error.ts";
import type { Recipe, RecipeDataset } from "../recipe/schema.ts";
import { camerasFor } from "../recipe/suggest/camera.ts";

type Member = Manifest["members"][number];

/**
 * A policy's recipe with one dataset, in a folder that its user names: the run's own, wherever it lies now, or one of the robot of weights that
 * were imported without any.
 *
 * @throws InputError where the policy has several datasets, or the folder holds none of its robot
 */
export async function recipeOn(
  folder: string,
  recipe: Recipe,
  { members }: Pick<Manifest, "members">,
): Promise<Recipe> {
  const { datasets } = recipe.data;
  const [member, ...others] = members;
  if (member === undefined || others.length > 0 || datasets.length > 1)
    throw new InputError(
      `--measure-on: expected a policy of one dataset, got one of ${members.length} (${members.map(({ name }) => name).join(", ")}); ` +
        "put theirs where the run's recipe says",
    );
  const location = resolve(folder);
  const [own] = datasets;
  const entry = own ?? (await entryFor(location, member));
  const read = entry.source.kind === "lerobot" ? entry.source : plainly;
  return { ...recipe, data: { ...recipe.data, datasets: [{ ...entry, source: { ...read, location } }] } };
}

const plainly = { kind: "lerobot", taskAnnotation: "declared" } as const;

/** A dataset as imported weights read it. @throws InputError where it has other widths, or none of the cameras */
async function entryFor(location: string, { dataset: name, embodiment }: Member): Promise<RecipeDataset> {
  const { dofs, states, cameras, controlMode } = embodiment;
  const where = `--measure-on ${location}`;
  const { taskAnnotation } = plainly;
  const dataset = await openDataset(location, { name, episodes: "all", taskAnnotation, pictureMemoryBytes: 0 });
  try {
    const widthOf = (...keys: readonly string[]) => {
      const feature = keys.map((key) => dataset.features.get(key)).find((one) => one !== undefined);
      return feature === undefined ? 0 : featureWidth(feature);
    };
    const found = [widthOf("action", "actions"), widthOf("observation.state", "state")];
    // A policy that reads no state takes a robot with any.
    if (found[0] !== dofs.length || (states.length > 0 && found[1] !== states.length))
      throw new InputError(
        `${where}: expected ${dofs.length} dofs and ${states.length} state entries, as the weights have, got ${found.join(" and ")}`,
      );
    const mapping = {
      robotType: embodiment.robotType,
      controlMode,
      action: null,
      state: states.length === 0 ? [] : null,
      cameras: camerasFor(where, cameras, dataset.cameras),
      prompt: { kind: "task" },
      dofs,
      states,
      target: "actions",
    } as const;
    return { name, source: { ...plainly, location }, episodes: "all", role: "both", weight: null, mapping };
  } finally {
    await dataset.close();
  }
}
