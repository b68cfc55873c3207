import type { Endpoint } from "./endpoint.ts";
import { eventsEndpoint } from "./events.ts";
import { liveEndpoint } from "./live.ts";
import { runEndpoint } from "./run.ts";
import { runsEndpoint } from "./runs.ts";

/** Every address below `/api`. */
export const endpoints: readonly Endpoint[] = [runsEndpoint, runEndpoint, eventsEndpoint, liveEndpoint];
