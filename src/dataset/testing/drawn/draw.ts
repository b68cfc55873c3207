import { Dice } from "./dice.ts";
import { drawCameras } from "./draw-camera.ts";
import {
  type DrawnColumn,
  type DrawnCounters,
  type DrawnDataset,
  type DrawnEpisode,
  type DrawnTasks,
  type FaultName,
  filmFaults,
  isFilmFault,
  tableFaults,
} from "./drawn-dataset.ts";
import type { Clock } from "./plan.ts";

/** The dataset of a seed: the same one every time. A third of them have a fault. */
export function datasetOf(seed: number): DrawnDataset {
  const dice = new Dice(seed, "dataset");
  const version = dice.pick(["v2.1", "v3.0"]);
  const fault = drawFault(dice, version);
  const framesPerSecond = dice.pick([5, 10, 12.5, 15, 24, 25, 29.97, 30, 50, 60]);
  const tasks = drawTasks(new Dice(seed, "tasks"), fault);
  const clock = drawClock(new Dice(seed, "clock"), framesPerSecond, fault);
  const plan = { version, fault, tasks, clock, framesPerSecond };
  const episodes = drawEpisodes(seed, plan);
  return {
    seed,
    version,
    framesPerSecond,
    chunkSize: dice.pick([2, 1000]),
    rowGroup: dice.pick([3, 7, 1000]),
    episodes,
    columns: drawColumns(new Dice(seed, "columns")),
    counters: drawCounters(dice, { clock, fault }),
    tasks,
    cameras: drawCameras({ seed, version, framesPerSecond, episodes, fault, clock }),
    rowsCounted: dice.pick(["through the dataset", "through the dataset", "in each file"]),
    fault,
  };
}

function drawFault(dice: Dice, version: DrawnDataset["version"]): FaultName | null {
  const film: FaultName = dice.pick(filmFaults[version]);
  const table: FaultName = dice.pick(tableFaults[version]);
  const isFilm = dice.happens(0.55);
  if (!dice.happens(0.35)) return null;
  return isFilm ? film : table;
}

function drawClock(dice: Dice, framesPerSecond: number, fault: FaultName | null): Clock {
  const column = dice.pick(["float", "float", "double", "double", null]);
  const isMeasured = dice.happens(0.2);
  const trimmed = dice.happens(0.3) ? dice.between(1, 4) : 0;
  const origin =
    column === "double" && dice.happens(0.15) ? 1.7e9 + Math.round(dice.share() * 1e6) / framesPerSecond : 0;
  if (fault !== null || column === null) return { column, trimmed: 0, isMeasured: false, origin: 0 };
  return { column, trimmed: origin > 0 ? 0 : trimmed, isMeasured, origin };
}

interface Plan {
  readonly version: DrawnDataset["version"];
  readonly fault: FaultName | null;
  readonly tasks: DrawnTasks;
  readonly clock: Clock;
  readonly framesPerSecond: number;
}

function drawEpisodes(seed: number, { version, fault, tasks, clock, framesPerSecond }: Plan): DrawnEpisode[] {
  const dice = new Dice(seed, "episodes");
  const count = fault === null ? dice.pick([1, 2, 2, 3, 4]) : dice.pick([2, 3]);
  const hasGaps = version === "v3.0" && fault === null && dice.happens(0.4);
  let index = dice.pick([0, 0, 0, 3, 998]);
  let table = dice.pick([0, 0, 2]);
  return Array.from({ length: count }, (_, at): DrawnEpisode => {
    const own = new Dice(seed, "episode", String(at));
    // What is drawn for a fault has to have room for it.
    const length = fault === null ? own.between(1, 10) : own.between(6, 10);
    if (at > 0) index += fault === null ? own.pick([1, 1, 1, 2, 5]) : 1;
    if (at > 0 && own.happens(0.25)) table++;
    const rows = [...Array(length).keys()];
    const measured = () => (clock.isMeasured ? (own.share() - 0.5) * 0.3 : 0);
    return {
      index,
      length,
      isListed: !hasGaps || at === count - 1 || own.happens(0.6),
      tasks: drawTaskRows(own, length, tasks),
      timestamps: rows.map((row) => clock.origin + Math.max(0, clock.trimmed + row + measured()) / framesPerSecond),
      table,
    };
  });
}

function drawTasks(dice: Dice, fault: FaultName | null): DrawnTasks {
  const texts = ["wave", "pick up the cup", "größer ☃ 持つ"].slice(
    0,
    dice.between(fault === "task that is not listed" ? 2 : 1, 3),
  );
  const isAboutTasks = fault === "unknown task" || fault === "task that is not listed";
  return {
    texts,
    indexes: dice.shuffled([0, 1, 2, 5, 9]).slice(0, texts.length),
    hasColumn: dice.happens(0.85) || isAboutTasks,
    isListed: dice.happens(0.8) || isAboutTasks || texts.length > 1,
    textColumn: dice.pick(["task", "__index_level_0__"]),
  };
}

/** One task, or another one from some row on. */
function drawTaskRows(dice: Dice, length: number, { texts, hasColumn }: DrawnTasks): number[] {
  const [first, second] = [dice.between(0, texts.length - 1), dice.between(0, texts.length - 1)];
  const from = hasColumn && dice.happens(0.3) ? dice.between(0, length - 1) : length;
  return Array.from({ length }, (_, row) => (row < from ? first : second));
}

function drawColumns(dice: Dice): DrawnColumn[] {
  const columns: DrawnColumn[] = [
    { key: "action", kind: dice.pick(["floats", "doubles"]), entries: dice.between(2, 7) },
  ];
  if (dice.happens(0.7))
    columns.push({ key: "observation.state", kind: dice.pick(["floats", "doubles"]), entries: dice.between(1, 5) });
  if (dice.happens(0.5))
    columns.push({ key: "gripper", kind: dice.pick(["float", "double", "int64", "int32", "boolean"]), entries: 1 });
  return columns;
}

function drawCounters(dice: Dice, { clock, fault }: { clock: Clock; fault: FaultName | null }): DrawnCounters {
  const whole = (share: number) => (dice.happens(share) ? dice.pick(["int64", "int64", "int32"]) : null);
  const [episode, frame] = [whole(0.85), whole(0.85)];
  const isCounted = fault !== null && !isFilmFault(fault);
  return {
    timestamp: clock.column,
    episode_index: isCounted ? (episode ?? "int64") : episode,
    frame_index: isCounted ? (frame ?? "int64") : frame,
    index: dice.happens(0.7) ? "int64" : null,
  };
}
