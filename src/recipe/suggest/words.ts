/** The words of a name in small letters: `kLeftShoulderPitch` and `left_shoulder.pitch` both have left, shoulder, pitch. */
export function words(name: string): string[] {
  const apart = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return apart.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
}

/** What the number of an entry is: where it is, how fast, how hard, or how far it is to go from here. */
export type Quantity = "position" | "velocity" | "effort" | "difference";

/** What a name says that its number is; a position where it says nothing. */
export function quantityOf(name: string): Quantity {
  const own = words(name);
  const found = Object.entries(quantityWords).find(([word]) => own.includes(word));
  return found?.[1] ?? "position";
}

/**
 * The words of a name without those that say who moves it and whether it is wanted or measured: what is left of `main_elbow.pos` and
 * `follower_elbow` is `elbow`.
 */
export function stemOf(name: string): string {
  return words(name)
    .filter((word) => !roleWords.has(word))
    .join(" ");
}

const quantityWords: Readonly<Record<string, Quantity>> = {
  vel: "velocity",
  velocity: "velocity",
  velocities: "velocity",
  speed: "velocity",
  torque: "effort",
  effort: "effort",
  current: "effort",
  delta: "difference",
  rel: "difference",
  relative: "difference",
  dx: "difference",
  dy: "difference",
  dz: "difference",
};

const roleWords: ReadonlySet<string> = new Set(
  "leader follower main master slave puppet secondary action actions state states observation target goal desired command cmd commanded measured actual present pos position positions".split(
    " ",
  ),
);
