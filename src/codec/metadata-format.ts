/** What is known of an episode beside its instruction; what is not known is missing. */
export interface EpisodeMetadata {
  /** How fast it was, in tenths of all episodes of its task: 0 to 100. */
  readonly speed?: number | undefined;
  /** From 1 to 5. */
  readonly quality?: number | undefined;
  readonly mistake?: boolean | undefined;
  readonly robot?: string | undefined;
  /** Steps of an action per second. */
  readonly fps?: number | undefined;
  readonly control?: string | undefined;
}

/** How metadata is worded. `pi07`: whole numbers as such. `pi07_paligemma`: speed and quality with a decimal point. */
export const metadataFormats = ["pi07", "pi07_paligemma"] as const;

export type MetadataFormat = (typeof metadataFormats)[number];

/**
 * The text of metadata, to the byte what its origin makes of it: each field that is known, in this order; nothing where none is.
 *
 * @source OpenTau `policies/pi07/low_level/modeling_pi07_low_level.py`, `policies/pi07_paligemma/low_level/modeling_pi07_low_level.py`:
 *   `prepare_metadata`, Python's `str` of a whole number, of a float and of a bool
 */
export function formatMetadata(format: MetadataFormat, metadata: EpisodeMetadata): string {
  const { speed, quality, mistake, robot, fps, control } = metadata;
  const fields: readonly [string, string | undefined][] = [
    ["Speed", speed === undefined ? undefined : numberText(format, speed)],
    ["Quality", quality === undefined ? undefined : numberText(format, quality)],
    ["Mistake", mistake === undefined ? undefined : mistake ? "True" : "False"],
    ["Robot", robot === "" ? undefined : robot],
    ["FPS", fps === undefined ? undefined : `${Math.trunc(fps)}`],
    ["Control", control === "" ? undefined : control],
  ];
  const known = fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}, `]));
  return known.length === 0 ? "" : `Metadata: ${known.join(" ")}`;
}

function numberText(format: MetadataFormat, value: number): string {
  switch (format) {
    case "pi07":
      return `${Math.trunc(value)}`;
    case "pi07_paligemma":
      return Number.isInteger(value) ? `${value}.0` : `${value}`;
  }
}
