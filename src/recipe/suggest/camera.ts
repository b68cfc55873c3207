import type { Camera } from "../../embodiment/embodiment.ts";
import { InputError } from "../../input-error.ts";

/**
 * A dataset's camera for each view of a policy that came with its own: of the same key, or the only one with the same last part.
 *
 * @param where names the dataset in errors
 * @throws InputError where the policy has cameras, and the dataset none of them
 */
export function camerasFor(
  where: string,
  cameras: readonly Camera[],
  found: readonly string[],
): Readonly<Record<string, string>> {
  const last = (key: string) => key.split(".").at(-1);
  const pairs = cameras.flatMap(({ view, key }) => {
    if (key === null) return [];
    const alike = found.filter((own) => last(own) === last(key));
    const own = found.includes(key) ? key : alike.length === 1 ? alike[0]! : null;
    return own === null ? [] : [[view, own] as const];
  });
  const keys = cameras.flatMap(({ key }) => (key === null ? [] : [key]));
  if (pairs.length === 0 && keys.length > 0)
    throw new InputError(
      `${where}: expected a camera of the policy (${keys.join(", ")}), got ${found.join(", ") || "none"}`,
    );
  return Object.fromEntries(pairs);
}
