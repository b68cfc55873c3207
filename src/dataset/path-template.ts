import { isAbsolute, normalize, sep } from "node:path";

/**
 * A path from one of LeRobot's Python format strings: `{episode_index:06d}` with 7 is `000007`.
 *
 * @returns the path relative to the dataset's folder
 * @throws RangeError if the string asks for a value that is not given, or the path leaves the folder
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string | number>>): string {
  const path = template.replaceAll(/\{(\w+)(?::0?(\d+)d?)?\}/g, (_, name: string, digits: string | undefined) => {
    const value = values[name];
    if (value === undefined)
      throw new RangeError(`path "${template}": expected one of {${Object.keys(values).join("}, {")}}, got {${name}}`);
    return String(value).padStart(Number(digits ?? 0), "0");
  });
  return insideFolder(path);
}

/**
 * A relative path in its plainest form; a backslash separates as a slash does.
 *
 * @throws RangeError if it leaves the folder that it is relative to
 */
export function insideFolder(path: string): string {
  // Programs on Windows write its separator, which no name of LeRobot's has.
  const normal = normalize(path.replaceAll("\\", "/"));
  if (isAbsolute(normal) || normal === ".." || normal.startsWith(`..${sep}`))
    throw new RangeError(`expected a path inside the dataset's folder, got "${path}"`);
  return normal;
}
