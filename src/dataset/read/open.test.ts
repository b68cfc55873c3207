import { describe, expect, test } from "vitest";
import { InputError } from "../../input-error.ts";
import { everything, hasRealData, onRealData, realDataset } from "../testing/real-data.ts";
import { openDataset } from "./open.ts";

describe.skipIf(!hasRealData)(onRealData("datasets that no one here wrote"), () => {
  test("v2.0 of float64 lists, without frame_index, from 0.05 s on, gives rows in file order", async () => {
    const gr1 = await openDataset(realDataset("gr1_pick_place"), everything("gr1"));
    expect([gr1.version, gr1.framesPerSecond, gr1.robotType]).toEqual(["v2.0", 20, "GR1ArmsOnly"]);
    expect(gr1.episodes.map((episode) => episode.length)).toEqual([416, 470, 470, 412, 328]);
    const table = await gr1.table(0);
    const action = table.vector("action");
    expect(action.shape).toEqual([416, 44]);
    // From pyarrow: pq.read_table(episode_000000.parquet)["action"][0][:3].
    expect([...action.cells.slice(0, 3)]).toEqual([-0.010770668025204974, 0.10493434391940579, 0.04159360803150398]);
    expect(table.vector("timestamp").cells[0]).toBeCloseTo(0.05, 6);
    expect([...table.vector("next.done").cells.slice(-2)]).toEqual([0, 1]);
    await gr1.close();
  });

  test("an annotation that says valid is no instruction", async () => {
    const gr1 = await openDataset(realDataset("gr1_pick_place"), everything("gr1"));
    expect(gr1.taskColumn).toBe("annotation.human.action.task_description");
    expect(new Set((await gr1.table(1)).tasks)).toEqual(
      new Set(["pick the ketchup from the counter and place it in the plate"]),
    );
    const validity = { ...everything("gr1"), taskAnnotation: { column: "annotation.human.validity" } };
    const marked = await openDataset(realDataset("gr1_pick_place"), validity);
    expect(new Set((await marked.table(1)).tasks)).toEqual(new Set(["valid"]));
    const silent = await openDataset(realDataset("gr1_pick_place"), { ...everything("gr1"), taskAnnotation: "none" });
    expect(new Set((await silent.table(1)).tasks)).toEqual(new Set([null]));
  });

  test("a declared camera without files is absent and reported", async () => {
    const gr1 = await openDataset(realDataset("gr1_pick_place"), everything("gr1"));
    expect(gr1.cameras).toEqual(["observation.images.ego_view"]);
    expect(gr1.absentCameras).toEqual(["observation.images.egoview"]);
    expect(gr1.problems.map((problem) => problem.code)).toEqual(["missing-camera-files"]);
  });

  test("v2.1 gives the episodes whose files are here and names those that are not", async () => {
    const g1 = await openDataset(realDataset("unitree_g1_inspire"), everything("g1"));
    expect(g1.version).toBe("v2.1");
    expect(g1.episodes.map((episode) => episode.index)).toEqual([29, 30, 31, 59, 82]);
    expect(g1.features.get("action")?.names?.slice(0, 2)).toEqual(["kLeftShoulderPitch", "kLeftShoulderRoll"]);
    expect(g1.problems[0]?.message).toContain(
      "95 of 100 episodes listed have no table here: 0–28, 32–58, 60–81, 83–99",
    );
  });

  test("an episode asked for by number must be here", async () => {
    const choice = { ...everything("cr5"), episodes: [68, 69, 400] };
    const opening = openDataset(realDataset("dobot_cr5"), choice);
    await expect(opening).rejects.toThrow(InputError);
    await expect(opening).rejects.toThrow(/episode_000069\.parquet.*episode 400, which is not listed/);
    const two = await openDataset(realDataset("dobot_cr5"), { ...choice, episodes: [75, 68] });
    expect(two.episodes).toEqual([
      { index: 68, length: 204 },
      { index: 75, length: 184 },
    ]);
  });

  test("v3.0 cuts one file into its episodes", async () => {
    const pusht = await openDataset(realDataset("pusht"), everything("pusht"));
    expect([pusht.version, pusht.robotType, pusht.episodes.length]).toEqual(["v3.0", "unknown", 206]);
    expect([pusht.cameras, pusht.absentCameras]).toEqual([[], ["observation.image"]]);
    expect(pusht.features.get("action")?.names).toEqual(["motor_0", "motor_1"]);
    let frames = 0;
    for (const { index, length } of pusht.episodes) {
      const table = await pusht.table(index);
      const counted = table.vector("frame_index").cells;
      expect([counted[0], counted[length - 1], table.vector("episode_index").cells[0]]).toEqual([0, length - 1, index]);
      frames += length;
    }
    expect(frames).toBe(25650);
    expect((await pusht.table(205)).tasks[0]).toBe("Push the T-shaped block onto the T-shaped target.");
  });

  test("a fingerprint follows the choice of episodes and nothing else", async () => {
    const of = async (episodes: "all" | readonly number[], name: string) =>
      await (await openDataset(realDataset("dobot_cr5"), { ...everything(name), episodes })).fingerprint();
    expect(await of("all", "one")).toBe(await of([68, 70, 72, 73, 75], "other"));
    expect(await of("all", "one")).not.toBe(await of([68, 70, 72, 73], "one"));
  });
});
