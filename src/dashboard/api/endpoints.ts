import { dataEndpoints } from "./data.ts";
import type { Endpoint } from "./endpoint.ts";
import { eventsEndpoint } from "./events.ts";
import { liveEndpoint } from "./live.ts";
import { paddingEndpoints } from "./padding.ts";
import { policyEndpoints } from "./policy.ts";
import { rolloutEndpoints } from "./rollouts.ts";
import { runEndpoint } from "./run.ts";
import { runsEndpoint } from "./runs.ts";

/** Every address below `/api`. */
export const endpoints: readonly Endpoint[] = [
  runsEndpoint,
  runEndpoint,
  eventsEndpoint,
  liveEndpoint,
  ...dataEndpoints,
  ...paddingEndpoints,
  ...policyEndpoints,
  ...rolloutEndpoints,
];
