import { resolve } from "node:path";

/** A name for each location: a hub's own, or the end of a folder's path that no other location has; whole where it is given twice. */
export function folderNames(locations: readonly string[]): string[] {
  const parts = locations.map((location) =>
    location.startsWith("hf://") ? [location.slice("hf://".length)] : resolve(location).split("/"),
  );
  return parts.map((own, at) => {
    const name = (length: number, of: readonly string[]) => of.slice(-length).join("/");
    const others = parts.filter((_, other) => other !== at);
    let length = 1;
    while (length < own.length && others.some((other) => name(length, other) === name(length, own))) length++;
    return name(length, own);
  });
}
