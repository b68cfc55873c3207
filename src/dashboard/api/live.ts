import { RequestRefused } from "../refused.ts";
import { RunFollower, type RunPart } from "../run-follower.ts";
import type { Endpoint, SentEvent } from "./endpoint.ts";

/** What one of the runs has logged. */
export interface LivePart extends RunPart {
  readonly run: string;
}

/** Between two looks at whether a log has grown. */
const lookMs = 400;

/** A browser keeps few connections open to one server, so that one stream tells of all runs. */
export const liveEndpoint: Endpoint = {
  path: "/api/live",
  summary:
    "server-sent events of the runs in ?run=NAME&run=NAME: all that each has logged, then what is added, as it is",
  async answer({ sources, query, gone }) {
    const names = query.getAll("run");
    if (names.length === 0) throw new RequestRefused(400, "expected ?run=NAME, got no run");
    // A link to several runs shows those that are still there.
    const found = (await sources.list("run")).filter(({ name }) => names.includes(name));
    if (found.length === 0)
      throw new RequestRefused(404, `expected runs of the folders given, got ${names.join(", ")}`);
    const followers = found.map((source) => new RunFollower(sources, source));
    return { kind: "events", events: parts(followers, gone) };
  },
};

/**
 * Begins with everything: whoever connects again needs no memory of what came before. A run whose log is refused is told of once, and
 * the others are followed.
 */
async function* parts(followers: readonly RunFollower[], gone: AbortSignal): AsyncGenerator<SentEvent> {
  const followed = new Set(followers);
  while (!gone.aborted) {
    for (const follower of followed) {
      const part = await follower.next().catch((error: unknown) => {
        if (!(error instanceof RequestRefused)) throw error;
        followed.delete(follower);
        return RunFollower.refused(error);
      });
      if (part !== null) yield { name: "part", value: { run: follower.name, ...part } satisfies LivePart };
    }
    await pause(lookMs, gone);
  }
}

function pause(ms: number, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      gone.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    gone.addEventListener("abort", done);
  });
}
