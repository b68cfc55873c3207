import { readManifest } from "../../checkpoint/checkpoint.ts";
import { cells } from "../../graph/axes.ts";
import { findPolicy } from "../../serving/load.ts";
import type { ShownDataset } from "../data/open-data.ts";
import { chunkErrors, chunksAt } from "../policy/chunks.ts";
import type { ShownPolicy } from "../policy/shown-policy.ts";
import type { Source } from "../source.ts";
import { askedCount, askedNumber, askedRun } from "./asked.ts";
import type { ApiRequest, Endpoint } from "./endpoint.ts";
import { openedIn, shownAt } from "./opened.ts";

/** What is known of a run's policy before it is loaded. */
export interface PolicyJson {
  /** Of the newest checkpoint. */
  readonly step: number;
  readonly variant: string;
  readonly size: string;
  readonly parameters: number;
  readonly actionHorizon: number;
  readonly device: string;
  /** Newer checkpoints that are not whole. */
  readonly notes: readonly string[];
}

const mostDraws = 32;

/** Everything that the view of the policy shows. A policy is loaded when its actions are asked for, and stays so. */
export const policyEndpoints: readonly Endpoint[] = [
  {
    path: "/api/runs/:run/policy",
    summary: "the policy of a run's newest checkpoint, without loading it",
    async answer(request) {
      const { folder } = await askedRun(request, request.parameter("run"));
      return { kind: "json", value: await policyJson(folder) };
    },
  },
  {
    path: "/api/runs/:run/policy/:dataset/episodes/:episode/chunks",
    summary: "chunks of actions at a row over the recorded ones; ?row=N&draws=8",
    async answer(request) {
      const row = askedNumber("row", request.query.get("row"));
      const draws = askedCount(request.query, "draws", { most: mostDraws, otherwise: 8 });
      const value = await withPolicy(request, ({ policy, shown, episode }) =>
        chunksAt(policy, shown, { episode, row, draws }),
      );
      return { kind: "json", value };
    },
  },
  {
    path: "/api/runs/:run/policy/:dataset/episodes/:episode/errors",
    summary: "errors of chunks over an episode by dof and step of the horizon; ?rows=16&draws=4",
    async answer(request) {
      const rows = askedCount(request.query, "rows", { most: 256, otherwise: 16 });
      const draws = askedCount(request.query, "draws", { most: mostDraws, otherwise: 4 });
      const value = await withPolicy(request, ({ policy, shown, episode, source }) => {
        const address = `errors ${request.parameter("dataset")} ${episode} ${rows} ${draws}`;
        const compute = () => chunkErrors(policy, shown, { episode, rows, draws });
        return openedIn(request.sources).answer(source, address, compute);
      });
      return { kind: "json", value };
    },
  },
];

interface AskedPolicy {
  readonly source: Source;
  readonly policy: ShownPolicy;
  readonly shown: ShownDataset;
  readonly episode: number;
}

/** Answers from the policy and the episode that are asked for; it stays loaded meanwhile. */
async function withPolicy<R>(request: ApiRequest, answer: (asked: AskedPolicy) => Promise<R>): Promise<R> {
  const { sources, parameter } = request;
  const source = await askedRun(request, parameter("run"));
  const [dataset, episode] = [
    askedNumber("dataset", parameter("dataset")),
    askedNumber("episode", parameter("episode")),
  ];
  return await openedIn(sources).withPolicy(source, (policy) =>
    answer({ source, policy, shown: shownAt(policy.data, dataset), episode }),
  );
}

async function policyJson(folder: string): Promise<PolicyJson> {
  const { checkpoint, step, notes, recipe, machine } = await findPolicy(folder);
  const { parameters } = await readManifest(checkpoint);
  return {
    step,
    variant: recipe.policy.variant,
    size: typeof recipe.policy.size === "string" ? recipe.policy.size : "of its own",
    parameters: Object.values(parameters).reduce((sum, { shape }) => sum + cells(shape), 0),
    actionHorizon: recipe.policy.actionHorizon,
    device: machine.device,
    notes,
  };
}
