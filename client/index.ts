// What runs beside the robot: the protocol of `armature serve`, for Node and for browsers, with no policy in it.

export { ActionChunkBroker, type BrokeredAction } from "./action-chunk-broker.ts";
export { ActionQueue, type ChunkExecution } from "./action-queue.ts";
export { ActionStream, type StreamCounts, type StreamExecution } from "./action-stream.ts";
export type { PolicyMetadata } from "./metadata.ts";
export type { CameraPicture, Course, Numbers, Observation } from "./observation.ts";
export { type ClientOptions, type PolicyAnswer, PolicyClient, PolicyError } from "./policy-client.ts";
export type { Reply } from "./reply.ts";
