import { relative } from "node:path";

/** A path as it is typed from here. */
export function shortest(path: string): string {
  const below = relative(process.cwd(), path);
  return below === "" || below.startsWith("..") ? path : below;
}
