import "./film-clip.css";

interface FilmClipProps {
  readonly src: string;
  /** Said of it, and written below. */
  readonly caption: string;
  /** Whether it begins by itself, but where the system asks for little motion. */
  readonly playsAtOnce: boolean;
}

const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A film of a robot, over and over. */
export function FilmClip({ src, caption, playsAtOnce }: FilmClipProps) {
  return (
    <figure>
      <video
        src={src}
        aria-label={caption}
        autoplay={playsAtOnce && !isStill}
        preload={playsAtOnce ? "auto" : "metadata"}
        loop
        muted
        playsInline
        controls
      />
      <figcaption>{caption}</figcaption>
    </figure>
  );
}
