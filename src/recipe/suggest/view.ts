import { words } from "./words.ts";

/** The cameras of one dataset that have pictures. */
export interface CameraKeys {
  readonly name: string;
  readonly cameras: readonly string[];
  /** What the dataset itself calls them, by key; the others are called by their keys. */
  readonly names: ReadonlyMap<string, string>;
}

/** A view of the policy, and which camera of each dataset sees it; a dataset that is not there has none. */
export interface MatchedView {
  readonly view: string;
  /** Whether its cameras move with a hand. */
  readonly isAtWrist: boolean;
  readonly keys: ReadonlyMap<string, string>;
}

/**
 * Views that the cameras of several datasets share: cameras of one name go together, then those of one kind, of which a robot has
 * at most one in a view. Kinds are the cameras of the left and right wrist, and all others.
 */
export function matchViews(datasets: readonly CameraKeys[]): MatchedView[] {
  const found = datasets.flatMap(({ name, cameras, names }) =>
    cameras.map((key): Sight => ({ dataset: name, key, ...nameAndKind(names.get(key) ?? key) })),
  );
  const filled = kinds.flatMap((kind) => {
    const views: Map<string, Sight>[] = [];
    for (const sights of mostShared(found.filter((sight) => sight.kind === kind))) {
      const isFree = (view: ReadonlyMap<string, Sight>) => sights.every(({ dataset }) => !view.has(dataset));
      const open = views.find(isFree) ?? new Map<string, Sight>();
      if (!views.includes(open)) views.push(open);
      for (const sight of sights) open.set(sight.dataset, sight);
    }
    return views.map((sights, at) => ({ kind, at, sights: [...sights.values()] }));
  });
  return named(filled).map(({ view, kind, sights }) => ({
    view,
    isAtWrist: kind !== "base",
    keys: new Map(sights.map(({ dataset, key }) => [dataset, key])),
  }));
}

interface Sight {
  readonly dataset: string;
  readonly key: string;
  /** The last part of the key, which two cameras of one dataset may share. */
  readonly name: string;
  readonly kind: Kind;
}

const kinds = ["base", "left_wrist", "right_wrist"] as const;
type Kind = (typeof kinds)[number];

function nameAndKind(key: string): { name: string; kind: Kind } {
  const name = key.split(".").at(-1) ?? key;
  const own = words(name);
  const isAtWrist = own.some((word) => /wrist|hand|gripper/.test(word));
  if (!isAtWrist) return { name, kind: "base" };
  // As openpi has it, the only wrist of a robot with one arm is the left one.
  return { name, kind: own.some((word) => word === "r" || word.startsWith("right")) ? "right_wrist" : "left_wrist" };
}

/** Cameras by their names, the name that most datasets know first; a name that one dataset has twice is two. */
function mostShared(sights: readonly Sight[]): Sight[][] {
  const groups: Sight[][] = [];
  for (const sight of sights) {
    const isHis = (group: readonly Sight[]) =>
      group[0]!.name === sight.name && group.every(({ dataset }) => dataset !== sight.dataset);
    const group = groups.find(isHis);
    if (group === undefined) groups.push([sight]);
    else group.push(sight);
  }
  return groups.sort((one, other) => other.length - one.length);
}

interface Filled {
  readonly kind: Kind;
  readonly at: number;
  readonly sights: readonly Sight[];
}

/** A view is called as all its cameras are, else as its kind. */
function named(filled: readonly Filled[]): (Filled & { readonly view: string })[] {
  const taken = new Set<string>();
  return filled.map((one) => {
    const { kind, at, sights } = one;
    const own = new Set(sights.map(({ name }) => name));
    const wished = [...(own.size === 1 ? own : []), at === 0 ? kind : `${kind}_${at + 1}`, `${kind}_view_${at + 1}`];
    const view = wished.find((name) => !taken.has(name))!;
    taken.add(view);
    return { ...one, view };
  });
}
