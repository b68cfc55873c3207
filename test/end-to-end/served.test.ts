import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeMessage } from "../../client/message.ts";
import { actionsOf, Client, message } from "../../src/serving/protocol/testing/served.ts";
import { reachingRecipe } from "../../src/serving/testing/reaching.ts";
import { type MicroRun, trainMicroRun } from "../../src/training/testing/micro-run.ts";
import { begin } from "./command.ts";

let run: MicroRun;
beforeAll(async () => {
  run = await trainMicroRun(reachingRecipe, 1);
});
afterAll(() => run.remove());

it("answers what has been asked when the machine tells it to end, then ends well", async () => {
  const { child, finished } = begin("serve", run.folder, "--port", "0", "--limits", "clamp", "--widen", "0");
  const port = await new Promise<number>((resolve) => {
    let said = "";
    child.stderr?.on("data", (part: Buffer) => {
      said += part.toString();
      const found = /listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(said);
      if (found !== null) resolve(Number(found[1]));
    });
  });
  const client = new Client({ address: { port } }, "/?seed=1");
  await client.next();
  for (let time = 0; time < 3; time++) client.send(encodeMessage(message({})));
  const replies = [await client.next()];
  child.kill("SIGTERM");
  for (let time = 1; time < 3; time++) replies.push(await client.next());
  for (const reply of replies) {
    // The range of the dataset's numbers, which come from formulas within −1 to 1.
    expect(actionsOf(reply).every((value) => Math.abs(value) <= 1.0001)).toBe(true);
    expect(actionsOf(reply)).toHaveLength(12);
  }
  expect((await client.closed).code).toBe(1001);
  expect((await finished).status).toBe(0);
}, 300_000);
