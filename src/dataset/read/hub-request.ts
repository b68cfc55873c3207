import { reason } from "../problem.ts";

/** An answer of the hub that is none of what was asked for, or no answer, in words that say what to do. */
export class HubError extends Error {
  /** HTTP status; `null` where nothing answered. */
  readonly status: number | null;

  constructor(message: string, status: number | null) {
    super(message);
    this.status = status;
  }
}

/**
 * `fetch` for questions to the Hugging Face hub: an answer is a good one.
 *
 * @param repository address of the dataset's own page, where its terms can be accepted
 * @throws HubError saying why there is none, and the cure
 */
export function hubFetch(repository: string): typeof fetch {
  return async (input, init) => {
    let response: Response;
    try {
      response = await fetch(input, init);
    } catch (error) {
      throw new HubError(unanswered(repository, error), null);
    }
    if (response.ok) return response;
    await response.body?.cancel();
    throw new HubError(refusal(response, repository), response.status);
  };
}

function refusal({ status, headers, url }: Response, repository: string): string {
  const said = `status ${status}`;
  const isGated = headers.get("x-error-code") === "GatedRepo";
  if (isGated || status === 403)
    return `a dataset that is open only to those who accept its terms (${said}); accept them at ${repository}, and set HF_TOKEN to a token of that account`;
  switch (status) {
    case 401:
      return process.env.HF_TOKEN
        ? `a token in HF_TOKEN that does not open it (${said}); check the name, and make a token of an account that may read it`
        : `a dataset that is private, or is not there (${said}); check the name, or set HF_TOKEN to a token of an account that may read it`;
    case 404:
      return `nothing at ${new URL(url).pathname} (${said}); check the name and the revision`;
    case 429:
      return `too many questions for the hub (${said}); ${waiting(headers.get("retry-after"))}, or set HF_TOKEN, as accounts may ask more`;
    default:
      return status >= 500
        ? `a hub that fails (${said}); try again later`
        : `an answer of ${said} to ${new URL(url).pathname}`;
  }
}

/** @param after the header `Retry-After`: seconds, or a date */
function waiting(after: string | null): string {
  if (after === null) return "wait some minutes";
  return /^\d+$/.test(after) ? `wait ${after} s` : `wait until ${after}`;
}

function unanswered(repository: string, error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const why =
    cause instanceof Error && "code" in cause ? String(cause.code) : reason(cause).replace(/^fetch failed$/, "");
  const host = new URL(repository).host;
  return `no answer from ${host}${why === "" ? "" : ` (${why})`}; check the network, a proxy's and HF_ENDPOINT's address, or fetch the dataset elsewhere and name its folder`;
}
