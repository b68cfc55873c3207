import { InputError } from "../src/input-error.ts";

/** How a connection ended: the close code, and the last text that came before it or the close reason. */
export interface Closing {
  readonly code: number;
  readonly text: string;
}

/** A frame that came, or how the connection ended. */
export type Incoming = { readonly kind: "bytes"; readonly bytes: Uint8Array } | ({ readonly kind: "closed" } & Closing);

/** A WebSocket, of Node or of a browser, whose frames are taken one after the other. */
export class FrameSocket {
  readonly #socket: WebSocket;
  readonly #frames: Incoming[] = [];
  readonly #wanted: ((frame: Incoming) => void)[] = [];
  #text = "";

  /** @param headers of the request that opens it; a browser sends none */
  constructor(address: string, headers: Readonly<Record<string, string>>) {
    this.#socket = opened(address, headers);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", ({ data }) => {
      // A text says what was wrong; the connection is closed after it.
      if (data instanceof ArrayBuffer) this.#put({ kind: "bytes", bytes: new Uint8Array(data) });
      else this.#text = String(data);
    });
    this.#socket.addEventListener("close", ({ code, reason }) =>
      this.#put({ kind: "closed", code, text: this.#text || reason || "the connection was lost" }),
    );
  }

  /** The next frame that comes, or the end of the connection. */
  next(): Promise<Incoming> {
    const frame = this.#frames.shift();
    return frame === undefined ? new Promise((settle) => this.#wanted.push(settle)) : Promise.resolve(frame);
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(isUnshared(bytes) ? bytes : new Uint8Array(bytes));
  }

  close(): void {
    this.#socket.close();
  }

  #put(frame: Incoming): void {
    const wanted = this.#wanted.shift();
    if (wanted === undefined) this.#frames.push(frame);
    else wanted(frame);
  }
}

/** A WebSocket takes no memory that threads share. */
function isUnshared(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}

function opened(address: string, headers: Readonly<Record<string, string>>): WebSocket {
  try {
    // A browser takes names of protocols as the second argument, and has no way to send headers.
    return Object.keys(headers).length === 0 ? new WebSocket(address) : new WebSocket(address, { headers });
  } catch {
    throw new InputError(`address: expected one such as ws://127.0.0.1:8000, got "${address}"`);
  }
}
