import { setTimeout as pause } from "node:timers/promises";
import type { PolicyMetadata } from "../../client/metadata.ts";
import type { Observation } from "../../client/observation.ts";
import type { PolicyClient } from "../../client/policy-client.ts";

/** What a robot's questions took while something else went on. */
export interface Asked {
  readonly ms: readonly number[];
  readonly failures: number;
}

const stepMs = 20;

/** A robot that asks again and again, as its control loop does. */
export class Healthy {
  readonly #client: PolicyClient;

  constructor(client: PolicyClient) {
    this.#client = client;
  }

  /** Asks until something else has ended. */
  async during(other: () => Promise<unknown>): Promise<Asked> {
    let isOver = false;
    const over = other().finally(() => {
      isOver = true;
    });
    const ms: number[] = [];
    let failures = 0;
    while (!isOver) {
      const from = performance.now();
      try {
        await this.#client.infer(observationFor(this.#client.metadata));
        ms.push(performance.now() - from);
      } catch {
        failures++;
      }
      await pause(stepMs);
    }
    await over;
    return { ms, failures };
  }
}

/** An observation that a policy answers: a state of zeros, no picture. */
export function observationFor({ stateNames, stateKeys, pictureKeys, prompt }: PolicyMetadata): Observation {
  const state = new Float64Array(stateNames.length);
  return {
    state: { [stateKeys[0]!]: state },
    pictures: Object.fromEntries(pictureKeys.map((key) => [key, { height: 4, width: 4, pixels: new Uint8Array(48) }])),
    prompt: prompt ?? "reach",
  };
}
