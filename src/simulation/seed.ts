/** The seed of a recording's starts, where nobody says another. */
export const recordingSeed = 0;

/** The seed of rollouts' starts, where nobody says another: a policy is to succeed where no recording began. */
export const rolloutSeed = 1000;
