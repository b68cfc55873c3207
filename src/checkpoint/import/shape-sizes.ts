import { InputError } from "../../input-error.ts";
import type { TrunkSize, VisionSize } from "../../policy/size.ts";
import type { ShapesByName } from "./tensor-source.ts";

/** What no shape of a tensor says: into how many heads its rows are divided. */
export interface HeadCounts {
  /** Width of a head of the backbone and of an expert. */
  readonly headWidth: number;
  /** Heads of the image tower. */
  readonly visionHeads: number;
}

/** @throws InputError where there is no tensor of that name */
export function shapeOf(where: string, shapes: ShapesByName, name: string): readonly number[] {
  const found = shapes.get(name);
  if (found === undefined) throw new InputError(`${where}: expected a tensor "${name}", got none of that name`);
  return found;
}

/** How many numbered modules stand below a name: `below.0.`, `below.1.` and so on. */
export function modulesBelow(shapes: ShapesByName, below: string): number {
  const numbers = [...shapes.keys()].flatMap((name) =>
    name.startsWith(`${below}.`) ? [Number.parseInt(name.slice(below.length + 1), 10)] : [],
  );
  return Math.max(-1, ...numbers.filter(Number.isInteger)) + 1;
}

/** A transformer of Gemma's or Llama's names. @throws InputError where its heads do not divide its rows */
export function trunkSizeOf(where: string, shapes: ShapesByName, module: string, headWidth: number): TrunkSize {
  return layersSizeOf(where, shapes, `${module}.layers.*`, headWidth);
}

/** The same by the place of its layers, whose number is `*`. @throws InputError as `trunkSizeOf` */
export function layersSizeOf(where: string, shapes: ShapesByName, layer: string, headWidth: number): TrunkSize {
  const first = layer.replace("*", "0");
  const [rows = 0, width = 0] = shapeOf(where, shapes, `${first}.self_attn.q_proj.weight`);
  const [keyRows = 0] = shapeOf(where, shapes, `${first}.self_attn.k_proj.weight`);
  const [mlp = 0] = shapeOf(where, shapes, `${first}.mlp.gate_proj.weight`);
  if (rows % headWidth !== 0 || keyRows % headWidth !== 0)
    throw new InputError(
      `${where}: expected heads of ${headWidth} in "${first}.self_attn", got ${rows} rows of queries and ${keyRows} of keys; ` +
        "say how wide a head is with --head-width",
    );
  if (headWidth % 2 !== 0)
    throw new InputError(`${where}: expected heads of an even width, whose halves rotate, got ${headWidth}`);
  const layers = modulesBelow(shapes, layer.slice(0, layer.indexOf(".*")));
  return { width, layers, mlp, heads: rows / headWidth, keyHeads: keyRows / headWidth, headWidth };
}

/** An image tower of SigLIP's names. @throws InputError where its heads do not divide its width or its patches make no square */
export function siglipSizeOf(where: string, shapes: ShapesByName, module: string, heads: number): VisionSize {
  const [width = 0, , patch = 0] = shapeOf(where, shapes, `${module}.embeddings.patch_embedding.weight`);
  const [patches = 0] = shapeOf(where, shapes, `${module}.embeddings.position_embedding.weight`);
  const [mlp = 0] = shapeOf(where, shapes, `${module}.encoder.layers.0.mlp.fc1.weight`);
  const side = Math.sqrt(patches);
  if (!Number.isInteger(side))
    throw new InputError(`${where}: expected the patches of a square picture, got ${patches} positions`);
  if (width % heads !== 0)
    throw new InputError(
      `${where}: expected ${heads} heads in an image tower ${width} wide; say how many there are with --vision-heads`,
    );
  const layers = modulesBelow(shapes, `${module}.encoder.layers`);
  return { picture: side * patch, patch, square: 1, width, layers, mlp, heads, temporalEvery: 4 };
}
