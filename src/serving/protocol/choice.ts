import { InputError } from "../../input-error.ts";
import type { RobotQuery } from "../robot.ts";

/** What a client's address asks for: a robot, and noise of its own. */
export interface AddressChoice {
  readonly query: RobotQuery;
  /** `null`: it follows from the number of the connection. */
  readonly seed: number | null;
}

const robotNames = ["dataset", "robotType", "controlMode"] as const;

/**
 * What the end of an address says, `?dataset=…&robotType=…&controlMode=…&seed=…`.
 *
 * @throws InputError where it says something else, or the seed is no whole number
 */
export function choiceIn(address: string): AddressChoice {
  const asked = URL.parse(address === "" ? "/" : address, "ws://server")?.searchParams;
  if (asked === undefined)
    throw new InputError(`address: expected a path with ?dataset=…&seed=… at most, got "${address}"`);
  const stranger = [...asked.keys()].find((name) => ![...robotNames, "seed"].includes(name));
  if (stranger !== undefined)
    throw new InputError(`address: expected ${robotNames.join(", ")} and seed at most, got "${stranger}"`);
  const query = Object.fromEntries(
    robotNames.flatMap((name) => {
      const value = asked.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  const seed = asked.get("seed");
  if (seed !== null && !/^\d{1,9}$/.test(seed)) throw new InputError(`seed: expected a whole number, got "${seed}"`);
  return { query, seed: seed === null ? null : Number(seed) };
}
