import type { TargetedPointerEvent } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { EngineFrame, EnginePicture, ToEngine } from "./engine/messages.ts";

interface PicturesProps {
  readonly frame: EngineFrame;
  /** What is said of a picture: the robot and what it does. */
  readonly label: string;
  readonly send: (message: ToEngine) => void;
}

/** What the robot's cameras see; the target follows the pointer that is pressed on them. */
export function LivePictures({ frame, label, send }: PicturesProps) {
  return (
    <div class="live-pictures">
      {frame.pictures.map((picture) => (
        <LivePicture key={picture.camera} picture={picture} label={label} send={send} />
      ))}
    </div>
  );
}

interface PictureProps extends Omit<PicturesProps, "frame"> {
  readonly picture: EnginePicture;
}

function LivePicture({ picture, label, send }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { camera, side, cells } = picture;
  const view = camera.split(".").at(-1) ?? camera;
  useEffect(() => {
    canvas.current?.getContext("2d")?.putImageData(new ImageData(cells, side, side), 0, 0);
  }, [cells, side]);
  const drag = (event: TargetedPointerEvent<HTMLCanvasElement>) => {
    if (event.buttons % 2 === 0) return;
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    event.currentTarget.setPointerCapture(event.pointerId);
    const [across, down] = [(event.clientX - left) / width, (event.clientY - top) / height];
    send({ kind: "point", camera, across, down });
  };
  return (
    <figure>
      <canvas
        ref={canvas}
        width={side}
        height={side}
        role="img"
        aria-label={`camera ${view}: ${label}`}
        onPointerDown={drag}
        onPointerMove={drag}
      />
      <figcaption class="quiet-text">{view}</figcaption>
    </figure>
  );
}
