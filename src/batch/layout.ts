/** Static sizes of a micro-batch: one compiled program per layout. */
export interface BatchLayout {
  /** `b`: rows, filler included. */
  readonly rows: number;
  /** `t`: action steps. */
  readonly steps: number;
  /** `d`: slots for degrees of freedom. */
  readonly actionWidth: number;
  /** `s`: slots for state entries. */
  readonly stateWidth: number;
  /** `v`: camera views. */
  readonly views: number;
  /** `o`: observation slots, the last is now; 1 without history. */
  readonly observations: number;
  /** `n`: prompt tokens. */
  readonly tokens: number;
  /** Side of the square pictures, in pixels. */
  readonly pictureSize: number;
}
