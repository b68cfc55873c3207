/** What a rank tells rank 0 when it comes to a meeting. */
export interface Arrival {
  /** Counts the meetings of the rank: ranks that count alike are in step. */
  readonly number: number;
  readonly purpose: string;
  /** Length of what the rank brings. */
  readonly bytes: number;
}

/** Size of a note; long purposes are cut. */
export const arrivalBytes = 64;

const numberBytes = 8;
const purposeStart = 2 * numberBytes;

export function encodeArrival({ number, purpose, bytes }: Arrival): Uint8Array {
  const note = new Uint8Array(arrivalBytes);
  const view = new DataView(note.buffer);
  view.setFloat64(0, number);
  view.setFloat64(numberBytes, bytes);
  new TextEncoder().encodeInto(purpose, note.subarray(purposeStart));
  return note;
}

export function decodeArrival(note: Uint8Array): Arrival {
  const view = new DataView(note.buffer, note.byteOffset, note.byteLength);
  const text = note.subarray(purposeStart);
  const end = text.indexOf(0);
  return {
    number: view.getFloat64(0),
    bytes: view.getFloat64(numberBytes),
    purpose: new TextDecoder().decode(text.subarray(0, end < 0 ? text.length : end)),
  };
}

/** Whether two ranks have come to the same meeting. */
export function isSameMeeting(one: Arrival, other: Arrival): boolean {
  const cut = ({ purpose }: Arrival) => decodeArrival(encodeArrival({ number: 0, bytes: 0, purpose })).purpose;
  return one.number === other.number && cut(one) === cut(other);
}
