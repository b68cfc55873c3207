import { HostArray, zeros } from "../graph/host-array.ts";
import { type BytePairForm, BytePairs, byteLetters } from "./byte-pair.ts";
import { type BytePairFit, fitBytePairs } from "./byte-pair-fit.ts";
import { cosines, fromCosines } from "./cosine.ts";

/** A tokenizer of actions: plain data. */
export interface FastForm extends BytePairForm {
  /** Coefficients are multiplied by it before they are rounded: 1 / scale is the finest difference that is kept. */
  readonly scale: number;
  /** The rounded coefficient that the character 0 stands for. */
  readonly lowest: number;
}

/** Whose chunks some tokens are. */
export interface ChunkForm {
  /** Of the robot. */
  readonly dofs: number;
  /** Steps of a chunk. */
  readonly horizon: number;
  /**
   * "real steps": each chunk was said as long as it is, so that a shorter one is the end of an episode. "whole chunks": each was said with
   * all its steps, so that high frequencies that are not said are 0 and what is said behind the last is left out.
   */
  readonly says: "real steps" | "whole chunks";
}

/** Characters above take more than two bytes. */
const highestCharacter = 0x7ff;

/**
 * Actions as tokens and back: orthonormal DCT-II along the steps, times `scale`, rounded, frequency by frequency and within each dof by
 * dof as characters, in byte-level byte-pair encoding.
 *
 * @source FAST (arXiv:2501.09747); `physical-intelligence/fast` `processing_action_tokenizer.py` `UniversalActionProcessor`
 */
export class FastTokenizer {
  readonly #form: FastForm;
  readonly #pairs: BytePairs;
  readonly #nearest = new Map<number, string>();

  constructor(form: FastForm) {
    this.#form = form;
    this.#pairs = new BytePairs(form);
  }

  /** Token ids are below this. */
  get vocabulary(): number {
    return this.#pairs.size;
  }

  /**
   * The tokens of steps and dofs that exist: there is no padding in them. A coefficient for which the vocabulary has no character, since
   * nothing as large was met when it was fitted, becomes the nearest that has one.
   *
   * @param actions `[t d]`, in unit scale
   */
  encode(actions: HostArray<"t d">): Int32Array {
    const { scale, lowest } = this.#form;
    const characters = Array.from(cosines(actions).cells, (cell) => this.#character(rounded(cell * scale) - lowest));
    return this.#pairs.encode(characters.join(""));
  }

  /**
   * The steps that some tokens stand for.
   *
   * @returns `[t d]`, of at least one step
   * @throws RangeError if the tokens are no text, say nothing, or their number of coefficients is that of no chunk of the robot
   * @source LeRobot `modeling_pi0_fast.py` `decode_actions_with_fast`, which says whole chunks
   */
  decode(tokens: Int32Array, { dofs, horizon, says }: ChunkForm): HostArray<"t d"> {
    const { scale, lowest } = this.#form;
    const said = Float64Array.from(this.#pairs.decode(tokens), (one) => (one.codePointAt(0)! + lowest) / scale);
    const steps = says === "whole chunks" && said.length > 0 ? horizon : said.length / dofs;
    if (!Number.isInteger(steps) || steps < 1 || steps > horizon)
      throw new RangeError(
        `FAST: expected ${dofs} coefficients for each of 1 to ${horizon} steps, got ${said.length} in all`,
      );
    const coefficients = new Float64Array(steps * dofs);
    coefficients.set(said.subarray(0, coefficients.length));
    const { cells } = fromCosines(new HostArray("t d", [steps, dofs], "float64", coefficients));
    const out = zeros("t d", [steps, dofs], "float32");
    out.cells.set(cells);
    return out;
  }

  /** The character of a number from 0, or of the nearest that the vocabulary has one for. */
  #character(number: number): string {
    const within = Math.min(Math.max(number, 0), highestCharacter);
    const known = this.#nearest.get(within);
    if (known !== undefined) return known;
    const found = this.#search(within);
    this.#nearest.set(within, found);
    return found;
  }

  #search(number: number): string {
    for (let away = 0; away <= highestCharacter; away++)
      for (const near of [number - away, number + away]) {
        if (near < 0 || near > highestCharacter) continue;
        const character = String.fromCodePoint(near);
        if (this.#pairs.knows(character)) return character;
      }
    throw new RangeError("FAST: expected a vocabulary with a character, got one with none");
  }
}

/** To the nearest whole number, halves to the even one, as numpy rounds. */
function rounded(value: number): number {
  const near = Math.round(value);
  return near - value === 0.5 && near % 2 !== 0 ? near - 1 : near;
}

/**
 * A tokenizer that is fitted to nothing and merges nothing: each coefficient is one of 128 tokens, from −16 to 15.75 in quarters.
 */
export function unfittedFast(): FastForm {
  const tokens = byteLetters.slice(0, 128).sort((one, other) => one.codePointAt(0)! - other.codePointAt(0)!);
  return { scale: 4, lowest: -64, tokens, merges: [] };
}

/** What a tokenizer is fitted with. */
export interface FastFit extends Pick<BytePairFit, "vocabulary" | "made"> {
  readonly scale: number;
}

/**
 * The tokenizer that says some chunks in the fewest tokens.
 *
 * Its letters are those of the bytes of every coefficient between the least and the largest, where the original takes the characters of
 * the coefficients themselves, of which those from 128 on are no letters of bytes and would stand for nothing.
 *
 * @param chunks each `[t d]` of its own robot, in unit scale: steps and dofs that exist
 * @throws RangeError if there is no chunk, or the vocabulary has no room for the letters
 * @source `physical-intelligence/fast` `processing_action_tokenizer.py` `UniversalActionProcessor.fit`
 */
export function fitFast(chunks: readonly HostArray<"t d">[], { scale, vocabulary, made }: FastFit): FastForm {
  const coefficients = chunks.map((chunk) => Array.from(cosines(chunk).cells, (cell) => rounded(cell * scale)));
  const all = coefficients.flat();
  if (all.length === 0) throw new RangeError("fitFast: expected chunks of actions, got none");
  const [lowest, highest] = all.reduce(
    ([least, most], one) => [Math.min(least, one), Math.max(most, one)],
    [Infinity, -Infinity],
  );
  if (highest - lowest > highestCharacter)
    throw new RangeError(
      `fitFast: expected coefficients within ${highestCharacter} of each other, got ${lowest} to ${highest}; use a smaller scale than ${scale}`,
    );
  const texts = coefficients.map((one) => one.map((each) => String.fromCodePoint(each - lowest)).join(""));
  const encoder = new TextEncoder();
  const characters = Array.from({ length: highest - lowest + 1 }, (_, at) => String.fromCodePoint(at));
  const bytes = new Set(encoder.encode(characters.join("")));
  const alphabet = [...bytes].map((byte) => byteLetters[byte]!);
  return { scale, lowest, ...fitBytePairs(texts, { alphabet, vocabulary, made }) };
}
