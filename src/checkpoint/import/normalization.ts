import type { Statistics } from "../../dataset/statistics.ts";
import type { NormalizationMode } from "../../embodiment/normalize.ts";
import type { ForeignColumn, ForeignRobot } from "./lerobot-robot.ts";
import { type GivenStatistics, givenStatistics, neutralStatistics } from "./statistics.ts";

/** How another project's files normalise a robot's vectors, and with what. */
export interface ForeignNormalization {
  readonly modes: { readonly state: NormalizationMode; readonly action: NormalizationMode };
  /** Added to what is divided by, or put in the place of 0. */
  readonly epsilon: number;
  readonly state: Statistics;
  readonly action: Statistics;
  /** What the user should know. */
  readonly notes: readonly string[];
}

/** A vector as the files of a project speak of it. */
export interface GivenVector {
  /** `null` where the policy has none. */
  readonly column: ForeignColumn | null;
  readonly mode: NormalizationMode;
  /** Empty where the files have none: the project then leaves the vector as it is. */
  readonly given: GivenStatistics;
}

/** Of files that say nothing: values stay as they are. */
export function unknownNormalization(where: string, robot: ForeignRobot): ForeignNormalization {
  const none = { mode: "identity", given: new Map() } as const;
  return foreignNormalization(where, 0, {
    state: { column: robot.state, ...none },
    action: { column: robot.action, ...none },
  });
}

/**
 * The normalisation of both vectors, each in its own way; one without statistics is left as it is.
 *
 * @throws InputError where statistics are missing, of another width or not finite
 */
export function foreignNormalization(
  where: string,
  epsilon: number,
  vectors: { readonly state: GivenVector; readonly action: GivenVector },
): ForeignNormalization {
  const { state, action } = vectors;
  const isNormalized = ({ column, mode, given }: GivenVector) =>
    column !== null && mode !== "identity" && given.size > 0;
  const modeOf = (vector: GivenVector) => (isNormalized(vector) ? vector.mode : "identity");
  const modes = { state: modeOf(state.column === null ? action : state), action: modeOf(action) };
  const statistics = (vector: GivenVector) => {
    const width = vector.column?.names.length ?? 0;
    const name = `${where}, "${vector.column?.key}"`;
    return isNormalized(vector)
      ? givenStatistics({ where: name, width, mode: vector.mode }, vector.given)
      : neutralStatistics(width);
  };
  const notes = [state, action]
    .filter(({ column, given, ...vector }) => column !== null && vector.mode !== "identity" && given.size === 0)
    .map(
      ({ column }) => `${where}: no statistics of "${column?.key}": it is left as it is, as its own project leaves it`,
    );
  return { modes, epsilon, state: statistics(state), action: statistics(action), notes };
}
