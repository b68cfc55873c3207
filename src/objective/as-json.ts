import type { Losses, Validation } from "../metric/group.ts";
import { velocityName } from "./flow.ts";
import { responseName } from "./response.ts";
import { tokensName } from "./token-error.ts";

/** Losses as JSON holds them: a key for each kind of errors that there is, `null` where a policy has none or no data of it. */
export function lossesAsJson({ byErrors, loss, interval }: Losses) {
  const of = (name: string) => byErrors.get(name) ?? null;
  return {
    velocity: of(velocityName),
    tokens: of(tokensName),
    response: of(responseName),
    loss,
    interval: interval === null ? null : [...interval],
  };
}

/** A validation, or the errors of training batches, as JSON holds them. */
export function validationAsJson<V extends Validation>({ groups, aggregate, ...rest }: V) {
  return { ...rest, groups: groupsAsJson(groups), aggregate: lossesAsJson(aggregate) };
}

/** Losses by dataset and control mode as JSON holds them. */
export function groupsAsJson(groups: Validation["groups"]) {
  return groups.map((group) => {
    const { dataset, controlMode, samples, episodes } = group;
    return { dataset, controlMode, samples, episodes, ...lossesAsJson(group) };
  });
}
