import { RunFollower, type RunPart } from "../run-follower.ts";
import type { Endpoint } from "./endpoint.ts";

export const eventsEndpoint: Endpoint = {
  path: "/api/runs/:run/events",
  summary: "what a run has logged: steps, validations, audits, rollouts, times",
  async answer({ sources, parameter }) {
    const source = await sources.get("run", parameter("run"));
    const part: RunPart | null = await new RunFollower(sources, source).next();
    return { kind: "json", value: { ...part } };
  },
};
