/**
 * Prints what our reader reads of a dataset, a line of JSON a frame: `node test/parity/recorded-dataset.ts DATASET`.
 *
 * Pixels are base64; `recorded_dataset.py` holds LeRobot's own reader against this.
 */
import { openDataset } from "../../src/dataset/read/open.ts";

const [root = ""] = process.argv.slice(2);
const dataset = await openDataset(root, {
  name: root,
  episodes: "all",
  taskAnnotation: "declared",
  pictureMemoryBytes: 0,
});
const vectors = [...dataset.features.values()].filter(
  (feature) => feature.type === "float32" && feature.key !== "timestamp",
);

for (const { index, length } of dataset.episodes) {
  const table = await dataset.table(index);
  for (let frame = 0; frame < length; frame++) {
    const rows: Record<string, number[]> = {};
    for (const { key } of vectors) {
      const { cells, shape } = table.vector(key);
      rows[key] = [...cells.subarray(frame * shape[1]!, (frame + 1) * shape[1]!)];
    }
    const pictures: Record<string, string> = {};
    for (const camera of dataset.cameras) {
      const { cells } = await dataset.picture(camera, index, frame, { height: 4096, width: 4096 });
      pictures[camera] = Buffer.from(cells).toString("base64");
    }
    process.stdout.write(`${JSON.stringify({ episode: index, frame, rows, pictures, task: table.tasks[frame] })}\n`);
  }
}
await dataset.close();
