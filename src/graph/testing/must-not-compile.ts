/**
 * Takes lines that carry `@ts-expect-error`, one per misuse, and runs none of them: the check of types is the test.
 *
 * A line that begins to compile is an error there.
 */
export function mustNotCompile(_misuse: () => unknown): void {}
