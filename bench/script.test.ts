import { expect, it } from "vitest";
import { z } from "zod";
import { InputError } from "../src/input-error.ts";
import { runScript, type Script, startScript } from "./script.ts";

/** A script run by another program than Python: `false` ends with status 1, `true` with 0, both without a word. */
function script(python: string): Script {
  return { python, name: "lerobot_loader.py", words: [], needs: "a package" };
}

it.each(["/nowhere/python", "false", "true"])(
  "an interpreter %s that gives no answer is the user's mistake",
  async (python) => {
    const running = startScript(script(python));
    const refused = running.answer(z.object({ ready: z.boolean() }));
    await expect(refused).rejects.toBeInstanceOf(InputError);
    await expect(refused).rejects.toThrow(
      `--python ${python}: expected an interpreter with a package (see bench/README.md), got: `,
    );
    running.end();
  },
);

it("a script that fails is told from one that has nothing to say", async () => {
  await expect(runScript(script("false"), z.unknown())).rejects.toBeInstanceOf(InputError);
  await expect(runScript(script("/nowhere/python"), z.unknown())).rejects.toThrow("spawn /nowhere/python ENOENT");
  expect(await runScript(script("true"), z.unknown())).toEqual([]);
});
