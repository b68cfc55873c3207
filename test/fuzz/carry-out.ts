import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Attack } from "./attack.ts";

/** What became of an attack: a line of text and a close, a close alone, an answer, or the attacker hung up first. */
export type Fate = "refused" | "closed" | "answered" | "hung up";

const patienceMs = 1000;
const slowMs = 5;

/** Carries an attack out against a port of this machine. */
export function carryOut(attack: Attack, port: number): Promise<Fate> {
  return attack.kind === "frame" ? sent(attack.data, port) : written(attack.parts, port);
}

/** Frames of a connection: the first is the metadata. */
function sent(data: Uint8Array | string, port: number): Promise<Fate> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    const timer = setTimeout(() => socket.terminate(), patienceMs);
    let frames = 0;
    let fate: Fate = "closed";
    socket.on("message", (_, isBinary) => {
      frames++;
      if (frames === 1) socket.send(data);
      else fate = isBinary ? "answered" : "refused";
      if (fate === "answered") socket.close();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(fate);
    });
  });
}

async function written(parts: readonly Uint8Array[], port: number): Promise<Fate> {
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise<Fate>((resolve) => {
    socket.on("error", () => resolve("closed"));
    socket.on("close", () => resolve("closed"));
    socket.on("end", () => resolve("closed"));
  });
  socket.resume();
  for (const part of parts) {
    socket.write(part);
    await pause(slowMs);
  }
  const fate = await Promise.race([closed, pause(4 * slowMs).then((): Fate => "hung up")]);
  socket.destroy();
  return fate;
}
