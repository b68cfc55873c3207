import { useState } from "preact/hooks";
import { successInterval } from "../../../simulation/interval.ts";
import type { PlayedStart } from "./engine/messages.ts";
import { Rate } from "./rate.tsx";

interface PlayedStartsProps {
  /** So far. */
  readonly played: readonly PlayedStart[];
  readonly seed: number;
  readonly start: (count: number) => void;
}

/** So many starts are played. */
const count = 20;

/** Starts of a seed, played in the page as fast as they go, beside the command that plays the same. */
export function PlayedStarts({ played, seed, start }: PlayedStartsProps) {
  const [isAsked, setAsked] = useState(false);
  const isBusy = isAsked && played.length < count;
  const play = () => {
    setAsked(true);
    start(count);
  };
  const successes = played.filter(({ isSuccess }) => isSuccess).length;
  return (
    <section aria-labelledby="starts-title">
      <h3 id="starts-title">In this page</h3>
      <button type="button" class="quiet" disabled={isBusy} onClick={play}>
        Play {count} starts of seed {seed}
      </button>
      {played.length > 0 && (
        <p role="status">
          {successes} of {played.length} succeeded{" "}
          <Rate rate={successes / played.length} interval={successInterval(successes, played.length)} />
        </p>
      )}
      <ol class="starts" start={0} aria-label="Starts">
        {played.map(({ episode, isSuccess, steps }) => (
          <li key={episode} class={isSuccess ? "reached" : "missed"}>
            {isSuccess ? "reached" : "not reached"}, {steps} steps
          </li>
        ))}
      </ol>
    </section>
  );
}
