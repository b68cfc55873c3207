interface RateProps {
  /** From 0 to 1. */
  readonly rate: number;
  /** 95 % confidence. */
  readonly interval: readonly [low: number, high: number];
}

/** A rate of successes: in words, and as a mark on a scale from 0 to 100 % with its interval. */
export function Rate({ rate, interval: [low, high] }: RateProps) {
  return (
    <span class="rate">
      <span class="rate-text">
        {percent(rate)}{" "}
        <span class="interval">
          ({percent(low)} to {percent(high)})
        </span>
      </span>
      <span class="rate-scale" aria-hidden="true">
        <span class="rate-range" style={{ left: percent(low), width: percent(high - low) }} />
        <span class="rate-mark" style={{ left: percent(rate) }} />
      </span>
    </span>
  );
}

/** `97.5%` of 0.975, as a style takes it too. */
function percent(share: number): string {
  return `${Math.round(1000 * share) / 10}%`;
}
