import { useEffect, useState } from "preact/hooks";
import type { CameraJson } from "../../data/listing.ts";
import type { Hover } from "../chart/hover.ts";
import { useHoverStep } from "../chart/hover.ts";
import { brief } from "../chart/number.ts";
import { usePicture } from "./picture.ts";

interface FilmProps {
  /** Where pictures of the episode are, without camera, row and form. */
  readonly address: string;
  readonly cameras: readonly CameraJson[];
  readonly absent: readonly string[];
  readonly cursor: Hover;
  /** Whether there is a policy whose squares can be shown. */
  readonly hasPolicy: boolean;
}

/** What each camera saw at the row of the cursor, and the square that training reads of it. */
export function CameraFilm({ address, cameras, absent, cursor, hasPolicy }: FilmProps) {
  const row = useHoverStep(cursor) ?? 0;
  return (
    <div class="film">
      {cameras.map(({ key, view }) => {
        const own = `${address}&camera=${encodeURIComponent(key)}&row=${row}`;
        return (
          <figure key={key}>
            <div class="frames">
              <Frame address={`${own}&form=recorded`} alt={`${key} at row ${row}`} />
              {view !== null && hasPolicy && (
                <Frame address={`${own}&form=policy`} alt={`what training reads of ${key} at row ${row}`} />
              )}
            </div>
            <figcaption>
              {key}
              <span class="quiet-text">
                {" "}
                · {view === null ? "no view of the policy" : `view ${view}; right: as training reads it`}
              </span>
            </figcaption>
          </figure>
        );
      })}
      {absent.map((key) => (
        <p key={key} class="problem">
          {key}: no film here
        </p>
      ))}
      {cameras.length + absent.length === 0 && <p class="note">No camera.</p>}
    </div>
  );
}

function Frame({ address, alt }: { readonly address: string; readonly alt: string }) {
  const { src, problem } = usePicture(address);
  if (problem !== null) return <p class="problem frame">{problem}</p>;
  return src === null ? <div class="frame waiting" /> : <img class="frame" src={src} alt={alt} />;
}

interface RowProps {
  readonly cursor: Hover;
  readonly length: number;
  readonly framesPerSecond: number;
  /** Number of the first row in the recording. */
  readonly firstRow: number;
}

/** Moves the cursor: by its handle, by the arrow keys, or as fast as it was recorded. */
export function RowSlider({ cursor, length, framesPerSecond, firstRow }: RowProps) {
  const row = useHoverStep(cursor) ?? 0;
  const { isPlaying, toggle } = usePlaying(cursor, length, framesPerSecond);
  const said = `row ${brief(firstRow + row)} of ${brief(firstRow + length)}, ${(row / framesPerSecond).toFixed(2)} s`;
  return (
    <div class="row-slider">
      <button type="button" class="small" aria-pressed={isPlaying} onClick={toggle}>
        {isPlaying ? "Pause" : "Play"}
      </button>
      <input
        type="range"
        aria-label="Row"
        aria-valuetext={said}
        min="0"
        max={Math.max(0, length - 1)}
        value={row}
        onInput={(event) => cursor.point(Number(event.currentTarget.value))}
      />
      <output>{said}</output>
    </div>
  );
}

function usePlaying(cursor: Hover, length: number, framesPerSecond: number) {
  const [isPlaying, setPlaying] = useState(false);
  useEffect(() => {
    if (!isPlaying) return;
    const timer = setInterval(() => {
      const next = (cursor.step ?? 0) + 1;
      if (next < length) cursor.point(next);
      else setPlaying(false);
    }, 1000 / framesPerSecond);
    return () => clearInterval(timer);
  }, [isPlaying, cursor, length, framesPerSecond]);
  const toggle = () => {
    if (!isPlaying && (cursor.step ?? 0) >= length - 1) cursor.point(0);
    setPlaying(!isPlaying);
  };
  return { isPlaying, toggle };
}
