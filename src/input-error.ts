/**
 * A mistake in what the user gave (file, recipe, flag): printed as one line without a stack, exit status 2.
 *
 * The message follows `where: expected what, got what; how to put it right`.
 */
export class InputError extends Error {
  override readonly name = "InputError";
}
