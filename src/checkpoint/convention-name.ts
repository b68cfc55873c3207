/** Conventions by name, in the order of errors: what `--allow` takes. */
export const conventionNames = [
  "timeDirection",
  "unrealInput",
  "supervision",
  "actionSight",
  "pastEnd",
  "crossAttentionKeys",
  "reduction",
  "normalizationEpsilon",
  "zeroRange",
  "coincidingQuantiles",
  "letterbox",
] as const;

export type ConventionName = (typeof conventionNames)[number];
