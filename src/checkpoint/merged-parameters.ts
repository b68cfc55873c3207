import { HostArray } from "../graph/host-array.ts";
import { type Adapters, adaptedWeights, adapterPath } from "../nn/adapter.ts";
import { mergeAdapters } from "../nn/merge-adapters.ts";
import type { Manifest } from "./manifest.ts";
import type { StoredParameters } from "./stored-parameters.ts";

/** What of a checkpoint is read to merge its adapters. */
export interface AdaptedParameters {
  readonly stored: Pick<StoredParameters, "piecesOf">;
  readonly forms: Manifest["parameters"];
  /** `undefined` where the policy has none. */
  readonly adapters: Adapters | undefined;
}

/**
 * The parameters of the policy without adapters that computes the same, in pieces: bytes of float32, in order.
 *
 * A weight with an adapter comes in one piece; no other is held in memory beside it.
 */
export function mergedPieces(given: AdaptedParameters): (name: string) => AsyncIterable<Uint8Array> {
  const { stored, forms, adapters } = given;
  const adapted = new Set(adaptedWeights(Object.keys(forms)));
  return (name) =>
    adapters !== undefined && adapted.has(name) ? mergedPiece(given, adapters, name) : stored.piecesOf(name);
}

async function* mergedPiece(given: AdaptedParameters, adapters: Adapters, name: string): AsyncGenerator<Uint8Array> {
  const path = adapterPath(name.slice(0, -".weight".length));
  const values = new Map<string, HostArray<string, "float32">>();
  for (const own of [name, `${path}.down.weight`, `${path}.up.weight`]) values.set(own, await wholeOf(given, own));
  const { cells } = mergeAdapters(values, adapters).get(name)!;
  yield new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength);
}

async function wholeOf({ stored, forms }: AdaptedParameters, name: string): Promise<HostArray<string, "float32">> {
  const { axes, shape } = forms[name]!;
  const bytes = new Uint8Array(4 * shape.reduce((product, size) => product * size, 1));
  let end = 0;
  for await (const piece of stored.piecesOf(name)) {
    bytes.set(piece, end);
    end += piece.length;
  }
  return new HostArray(axes, shape, "float32", new Float32Array(bytes.buffer));
}
