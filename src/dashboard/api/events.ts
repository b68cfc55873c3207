import { RunFollower } from "../run-follower.ts";
import type { Endpoint } from "./endpoint.ts";

export const eventsEndpoint: Endpoint = {
  path: "/api/runs/:run/events",
  summary: "what a run has logged: steps, validations, audits, rollouts, times",
  async answer({ sources, parameter }) {
    const source = await sources.get("run", parameter("run"));
    return { kind: "json", value: await RunFollower.whole(sources, source) };
  },
};
