import { Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { watched } from "./watched.ts";

class TerminalScreen extends Writable {
  readonly isTTY = true;
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

it.each([null, new Error("no file")])(
  "a bar is taken away before anything else is said, the error %s",
  async (error) => {
    const screen = new TerminalScreen();
    const result = watched({ screen, label: "look", unit: "file" }, async (seen) => {
      // A bar is drawn again after a tenth of a second.
      for (const done of [1, 2]) {
        seen(done, 4);
        await setTimeout(120);
      }
      seen(3, 4);
      if (error !== null) throw error;
      return "found";
    });
    if (error === null) expect(await result).toBe("found");
    else await expect(result).rejects.toBe(error);
    expect(screen.text.split("\r").at(-2)).toMatch(/^look .* 3\/4 /);
    expect(screen.text.split("\r").at(-1)).toBe("\u001b[K");
  },
);

it("a job that says nothing of its progress draws nothing", async () => {
  const screen = new TerminalScreen();
  expect(await watched({ screen, label: "look", unit: "file" }, async () => "done")).toBe("done");
  expect(screen.text).toBe("");
});
