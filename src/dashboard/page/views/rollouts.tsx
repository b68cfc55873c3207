import { useState } from "preact/hooks";
import type { RolloutsJson } from "../../api/rollouts.ts";
import type { PlayedStartsJson } from "../../rollouts/played.ts";
import type { RolloutRobotJson } from "../../rollouts/robots.ts";
import { changeQuery } from "../address.ts";
import { brief } from "../chart/number.ts";
import { chosenNumber } from "../data/dataset-picker.tsx";
import { WhenHere } from "../data/when-here.tsx";
import { useJson } from "../fetched.ts";
import { OneRun, type ShownRun } from "../one-run.tsx";
import { RunFilms } from "../rollouts/films.tsx";
import { RobotPart } from "../rollouts/robot.tsx";
import { SuccessTable } from "../rollouts/success.tsx";
import "../data/data.css";
import "../rollouts/rollouts.css";

/** A run's policy in closed loop: how often it succeeds, films, and the robot itself. */
export function RolloutsView() {
  return (
    <OneRun title="Rollouts" forgotten={["robot", "seed", "live"]}>
      {({ api, query }) => <RunRollouts key={api} api={api} query={query} />}
    </OneRun>
  );
}

function RunRollouts({ api, query }: ShownRun) {
  const found = useJson<RolloutsJson>(`${api}/rollouts`, 0);
  return (
    <WhenHere found={found} meanwhile="Looking for rollouts">
      {(rollouts) => (
        <>
          <Robots api={api} query={query} rollouts={rollouts} />
          <RunFilms api={api} films={rollouts.films} />
        </>
      )}
    </WhenHere>
  );
}

function Robots({ api, query, rollouts }: ShownRun & { readonly rollouts: RolloutsJson }) {
  const { robots, step, problem } = rollouts;
  const [played, setPlayed] = useState<ReadonlyMap<number, PlayedStartsJson>>(new Map());
  const number = chosenNumber(query.get("robot"), robots.length);
  const robot = robots[number];
  return (
    <>
      <h2 class="hidden">Success by robot</h2>
      <SuccessTable logged={rollouts.logged} played={[...played.values()]} />
      {problem !== null && (
        <p class="problems" role="alert">
          {problem}
        </p>
      )}
      {robot !== undefined && (
        <>
          <div class="controls">
            <RobotPicker robots={robots} chosen={number} />
            <span class="quiet-text">
              {robot.dofs} dofs · {robot.controlMode} · weights of step {brief(step)}
            </span>
          </div>
          <RobotPart
            key={number}
            api={`${api}/rollouts/${number}`}
            robot={robot}
            played={played.get(number)}
            take={(one) => setPlayed((before) => new Map(before).set(number, one))}
            query={query}
          />
        </>
      )}
    </>
  );
}

interface PickerProps {
  readonly robots: readonly RolloutRobotJson[];
  readonly chosen: number;
}

function RobotPicker({ robots, chosen }: PickerProps) {
  return (
    <label>
      Robot
      <select
        value={String(chosen)}
        onChange={(event) => changeQuery({ robot: event.currentTarget.value, seed: null }, "push")}
      >
        {robots.map(({ dataset, design }, at) => (
          <option key={dataset} value={String(at)}>
            {dataset}
            {design === null ? ", not simulated" : ""}
          </option>
        ))}
      </select>
    </label>
  );
}
