/** Ranks that died, hang, or are not in step: the job cannot go on. */
export class RankError extends Error {
  override readonly name = "RankError";
}
