import { describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { commands } from "./commands.ts";
import { define } from "./definition.ts";
import { choice, count, flag, otherwise, repeated, text } from "./parameter.ts";
import { called } from "./testing/called.ts";

const rollout = define({
  name: "rollout",
  summary: "try a policy",
  arguments: { runFolder: text("run", "folder of a run"), robots: otherwise(repeated(text("robot", "names")), []) },
  options: {
    episodes: count("count", "how many to try"),
    apiKeyFile: otherwise(text("file", "where the key is"), undefined),
    port: otherwise(count("port", "where to listen"), 8000),
    device: otherwise(choice("name", "what computes", ["cpu", "cuda"]), "cpu"),
    set: otherwise(repeated(text("key=value", "replace a scalar of the recipe")), []),
    resume: flag("go on"),
  },
  examples: [{ line: "rollout runs/1 --episodes 5", shows: "five episodes" }],
  async run(given, terminal) {
    terminal.err.write("rolling\n");
    terminal.out.write("half way\n");
    if (given.runFolder === "broken") throw new InputError("rollout: expected a run,\n  got a broken one");
    if (given.runFolder === "closed")
      throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES", path: "runs/1/checkpoints" });
    if (given.runFolder === "faulty") throw new RangeError("a fault");
    return { status: given.runFolder === "failing" ? 1 : 0, json: given, text: `${given.episodes} episodes` };
  },
});

describe("a command", () => {
  it("gets what is given, each under its name and as its kind", async () => {
    const words = ["rollout", "runs/1", "aloha", "so101", "--episodes", "5", "--api-key-file", "key", "--port", "81"];
    const { out } = await called(
      [rollout],
      [...words, "--device=cuda", "--set", "a=1", "--set", "b=2", "--resume", "--json"],
    );
    expect(JSON.parse(out)).toEqual({
      runFolder: "runs/1",
      robots: ["aloha", "so101"],
      episodes: 5,
      apiKeyFile: "key",
      port: 81,
      device: "cuda",
      set: ["a=1", "b=2"],
      resume: true,
    });
  });

  it("gets the values that stand where nothing is given", async () => {
    const { out } = await called([rollout], ["rollout", "runs/1", "--episodes", "5", "--json"]);
    expect(JSON.parse(out)).toEqual({
      runFolder: "runs/1",
      robots: [],
      episodes: 5,
      port: 8000,
      device: "cpu",
      set: [],
      resume: false,
    });
  });

  it("prints for people on standard output, its progress on standard error", async () => {
    const words = ["rollout", "runs/1", "--episodes", "5"];
    expect(await called([rollout], words)).toEqual({ status: 0, out: "half way\n5 episodes\n", err: "rolling\n" });
  });

  it("prints one object on standard output under --json, and everything else on standard error", async () => {
    const { out, err } = await called([rollout], ["rollout", "runs/1", "--episodes", "5", "--json"]);
    expect(out.split("\n")).toEqual([JSON.stringify(JSON.parse(out)), ""]);
    expect(err).toBe("rolling\nhalf way\n");
  });

  it("takes the last of an option that is given twice", async () => {
    const { out } = await called([rollout], ["rollout", "r", "--episodes", "5", "--episodes", "6"]);
    expect(out).toContain("6 episodes");
  });
});

describe("the exit status", () => {
  it("is 1 where a command found what it looks for", async () => {
    expect((await called([rollout], ["rollout", "failing", "--episodes", "1"])).status).toBe(1);
  });

  it.each([
    [["rolout"], `armature: unknown command 'rolout' (Did you mean rollout?); see "armature --help"`],
    [
      ["rollout", "r", "--episode", "5"],
      `armature: unknown option '--episode' (Did you mean --episodes?); see "armature --help"`,
    ],
    [["rollout", "r"], "--episodes: expected <count>, got nothing; how many to try"],
    [["rollout", "--episodes", "5"], `armature: missing required argument 'run'; see "armature --help"`],
    [["rollout", "r", "--episodes", "0"], '--episodes: expected a whole number from 1, got "0"'],
    [["rollout", "r", "--episodes", "1.5"], '--episodes: expected a whole number from 1, got "1.5"'],
    [["rollout", "r", "--episodes", "1", "--device", "tpu"], '--device: expected one of cpu, cuda, got "tpu"'],
  ])("is 2 with one line for the call %j", async (words, line) => {
    expect(await called([rollout], words)).toEqual({ status: 2, out: "", err: `${line}\n` });
  });

  it("is 2 with one line and no stack for a mistake in the input", async () => {
    const { status, out, err } = await called([rollout], ["rollout", "broken", "--episodes", "1", "--json"]);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toBe("rolling\nhalf way\nrollout: expected a run, got a broken one\n");
  });

  it("is 2 with one line for what this user may not read or write, however deep it was met", async () => {
    const { status, err } = await called([rollout], ["rollout", "closed", "--episodes", "1"]);
    expect({ status, err }).toEqual({
      status: 2,
      err: "rolling\nruns/1/checkpoints: expected a file or folder with access for this user, got one without; change its permissions\n",
    });
  });

  it("is 70 with the stack for a fault of the program", async () => {
    const { status, err } = await called([rollout], ["rollout", "faulty", "--episodes", "1"]);
    expect(status).toBe(70);
    expect(err).toMatch(/RangeError: a fault\n +at .*run\.test\.ts/);
  });
});

describe("the help", () => {
  it("lists every command with its summary, also where no command is given", async () => {
    const asked = await called(commands, ["--help"]);
    expect(asked.status).toBe(0);
    for (const { name } of commands) expect(asked.out).toMatch(new RegExp(`^  ${name} `, "m"));
    expect(await called(commands, [])).toEqual(asked);
  });

  it("of a command shows its arguments, options, fallbacks and examples", async () => {
    const { status, out } = await called([rollout], ["rollout", "--help"]);
    expect(status).toBe(0);
    expect(out).toContain("armature rollout [options] <run> [robot...]");
    expect(out).toMatch(/--port <port> +where to listen \(8000 if not given\)/);
    expect(out).toMatch(/--device <name> +what computes: cpu, cuda \(cpu if not given\)/);
    expect(out).toContain("armature rollout runs/1 --episodes 5\n      five episodes");
  });

  it("of every command has an example that starts with its name", () => {
    for (const { name, examples } of commands) expect(examples[0]?.line.split(" ")[0]).toBe(name);
  });
});
