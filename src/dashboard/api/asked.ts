import { recipeFile } from "../../recipe/file.ts";
import { RequestRefused } from "../refused.ts";
import type { Source } from "../source.ts";
import type { ApiRequest } from "./endpoint.ts";

/** What of a run is read beside its events. */
const runFiles = [recipeFile, "checkpoints"] as const;

/**
 * The run or dataset that an address `/api/:source/:name/…` names.
 *
 * @throws RequestRefused where there is none, or its recipe or checkpoints are links that lead out of the folders given
 */
export async function askedSource(request: ApiRequest): Promise<Source> {
  const word = request.parameter("source");
  if (word !== "runs" && word !== "datasets") throw new RequestRefused(404, `expected runs or datasets, got "${word}"`);
  const name = request.parameter("name");
  return word === "runs" ? await askedRun(request, name) : await request.sources.get("dataset", name);
}

/** The run of a name. @throws RequestRefused as `askedSource` */
export async function askedRun({ sources }: ApiRequest, name: string): Promise<Source> {
  const source = await sources.get("run", name);
  for (const file of runFiles) await sources.file(source, file);
  return source;
}

/** A whole number from 0 of the path. @throws RequestRefused */
export function askedNumber(where: string, text: string | null): number {
  if (text !== null && /^\d{1,9}$/.test(text)) return Number(text);
  throw new RequestRefused(
    400,
    `${where}: expected a whole number, got ${text === null ? "none" : JSON.stringify(text)}`,
  );
}

/** The same of a query, in bounds, or what it is where it is left out. @throws RequestRefused */
export function askedCount(
  query: URLSearchParams,
  key: string,
  { most, otherwise }: { readonly most: number; readonly otherwise: number },
): number {
  const text = query.get(key);
  const count = text === null ? otherwise : askedNumber(key, text);
  if (count < 1 || count > most) throw new RequestRefused(400, `${key}: expected 1 to ${most}, got ${count}`);
  return count;
}

/** One of some words of a query, the first where it is left out. @throws RequestRefused */
export function askedWord<const W extends string>(query: URLSearchParams, key: string, words: readonly [W, ...W[]]): W {
  const text = query.get(key);
  if (text === null) return words[0];
  const found = words.find((word) => word === text);
  if (found === undefined)
    throw new RequestRefused(400, `${key}: expected ${words.join(" or ")}, got ${JSON.stringify(text)}`);
  return found;
}
