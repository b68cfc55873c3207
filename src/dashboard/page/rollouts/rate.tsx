import { percentText } from "../chart/number.ts";
import "./rate.css";

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
        {percentText(rate)}{" "}
        <span class="interval">
          ({percentText(low)} to {percentText(high)})
        </span>
      </span>
      <span class="rate-scale" aria-hidden="true">
        <span class="rate-range" style={{ left: `${100 * low}%`, width: `${100 * (high - low)}%` }} />
        <span class="rate-mark" style={{ left: `${100 * rate}%` }} />
      </span>
    </span>
  );
}
