import { useState } from "preact/hooks";
import type { PlayedStartsJson } from "../../rollouts/played.ts";
import type { RolloutRobotJson } from "../../rollouts/robots.ts";
import { changeQuery } from "../address.ts";
import { fetchJson } from "../fetched.ts";
import { FilmsOfStarts } from "./films.tsx";
import { Live } from "./live.tsx";

interface RobotProps {
  /** Where the addresses of the robot begin. */
  readonly api: string;
  readonly robot: RolloutRobotJson;
  /** What was rolled out of it for the page. */
  readonly played: PlayedStartsJson | undefined;
  readonly take: (played: PlayedStartsJson) => void;
  readonly query: URLSearchParams;
}

/** One robot of a run's policy: rolled out where the dashboard runs, and alive in the page. */
export function RobotPart({ api, robot, played, take, query }: RobotProps) {
  const { design, summary, problem } = robot;
  if (design === null) return <p class="note">It is not simulated: {summary}.</p>;
  const isLive = query.get("live") === "yes";
  return (
    <>
      <RollOut api={api} take={take} />
      {played !== undefined && <FilmsOfStarts api={api} played={played} />}
      <section class="part" aria-labelledby="live-title">
        <h2 id="live-title">Live: {summary}</h2>
        {problem !== null && <p class="problems">{problem}</p>}
        {problem === null && isLive && <Live api={api} query={query} />}
        {problem === null && !isLive && (
          <button type="button" class="quiet" onClick={() => changeQuery({ live: "yes" }, "push")}>
            Let it act in this page
          </button>
        )}
      </section>
    </>
  );
}

/** What it is rolled out over. */
const [episodes, seed] = [20, 1000] as const;

type Asking = { readonly state: "idle" } | { readonly state: "busy" } | { readonly state: "failed"; message: string };

function RollOut({ api, take }: Pick<RobotProps, "api" | "take">) {
  const [asking, setAsking] = useState<Asking>({ state: "idle" });
  const ask = async () => {
    setAsking({ state: "busy" });
    try {
      take(await fetchJson<PlayedStartsJson>(`${api}/played?episodes=${episodes}&seed=${seed}`));
      setAsking({ state: "idle" });
    } catch (error) {
      setAsking({ state: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  };
  return (
    <div class="controls">
      <button type="button" class="quiet" disabled={asking.state === "busy"} onClick={() => void ask()}>
        Roll out {episodes} starts and film the first
      </button>
      {asking.state === "busy" && <span role="status">Rolling out, where the dashboard runs…</span>}
      {asking.state === "failed" && (
        <span class="problem" role="alert">
          {asking.message}
        </span>
      )}
    </div>
  );
}
