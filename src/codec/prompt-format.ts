/**
 * How an instruction becomes the text that a policy reads. A new format is a new member, and the compiler lists the place.
 *
 * `task`: as it is. `smolvla`: with a newline at its end, which LeRobot's π0 has as well. `pi0`: cleaned, then a newline. `pi0_advantage`:
 * `smolvla` and a line that says that what follows is good, as OpenTau's π0 is asked to act. `pi05`: cleaned,
 * with the robot's state as numbers of bins, and the word that actions come after. `pi05_mem`: an end of a sentence between the task and
 * that word, nothing cleaned. `pi05_fast`: `pi05` without that word, nothing cleaned. `pi06`: `pi05` between ends of sentences, not
 * cleaned; `pi06_response`: with the word that a response comes after in its place. `pi07`: the task, behind which other
 * segments say the rest. `pi0_fast`: as `pi05` without that word.
 * `pi0_fast_lower`: in small letters, with newlines inside as they are.
 */
export const promptFormats = [
  "task",
  "smolvla",
  "pi0",
  "pi0_advantage",
  "pi05",
  "pi05_mem",
  "pi05_fast",
  "pi06",
  "pi06_response",
  "pi07",
  "pi07_paligemma",
  "pi0_fast",
  "pi0_fast_lower",
] as const;

export type PromptFormat = (typeof promptFormats)[number];

/**
 * The text of a prompt, to the byte what its origin makes of it.
 *
 * @param state the robot's own entries now, in unit scale; none that a robot does not have
 * @source `smolvla`: LeRobot `policies/smolvla/processor_smolvla.py`, `policies/pi0/processor_pi0.py`; `pi0`: openpi `tokenizer.py`
 *   `PaligemmaTokenizer`; `pi05`: the same, and LeRobot `policies/pi05/processor_pi05.py`; `pi0_advantage`, `pi05_mem`, `pi05_fast`,
 *   `pi06`, `pi06_response`, `pi07`: OpenTau `modeling_pi0.py`, `modeling_pi05.py`, `modeling_pi06.py`, `modeling_pi07_low_level.py`; `pi0_fast`: LeRobot
 *   `policies/pi0_fast/processor_pi0_fast.py`; `pi0_fast_lower`: openpi `tokenizer.py` `FASTTokenizer`
 */
export function formatPrompt(format: PromptFormat, task: string, state: Float32Array): string {
  switch (format) {
    case "task":
      return task;
    case "smolvla":
      return task.endsWith("\n") ? task : `${task}\n`;
    case "pi0":
      return `${oneLine(task)}\n`;
    case "pi0_advantage":
      return `${task.endsWith("\n") ? task : `${task}\n`}Advantage: positive\n`;
    case "pi05":
      return `Task: ${oneLine(task)}, State: ${stateText(state)};\nAction: `;
    case "pi05_mem":
      return `Task: ${task}<eos>Actions:`;
    case "pi05_fast":
      return `Task: ${task}, State: ${stateText(state)};\n`;
    case "pi06":
      return `Task: ${task}<eos>State: ${stateText(state)}<eos>Actions:`;
    case "pi06_response":
      return `Task: ${task}<eos>State: ${stateText(state)}<eos>Response:`;
    case "pi07":
    case "pi07_paligemma":
      return `Task: ${task}, `;
    case "pi0_fast":
      return `Task: ${oneLine(task)}, State: ${stateText(state)};\n`;
    case "pi0_fast_lower":
      return `Task: ${spaced(stripped(task.toLowerCase()))}, State: ${stateText(state)};\n`;
  }
}

/** Whether a format says the state, so that a policy that reads it nowhere else knows it. */
export function saysState(format: PromptFormat): boolean {
  return formatPrompt(format, "", Float32Array.of(0)) !== formatPrompt(format, "", Float32Array.of(0.5));
}

/** The format whose text a response follows: without the word that actions come after. */
export function beforeResponse(format: PromptFormat): PromptFormat {
  if (format === "pi05") return "pi05_fast";
  return format === "pi06" ? "pi06_response" : format;
}

/** The longest text that a format makes of an instruction, whatever the state: of each entry a bin of three digits. */
export function longestPrompt(format: PromptFormat, task: string, entries: number): string {
  return formatPrompt(format, task, new Float32Array(entries).fill(1));
}

const bins = 256;

/**
 * Numbers of the bins of `[−1, 1]` in which the entries of a state lie: 0 to 255, and −1 below all of them.
 *
 * An edge belongs to the bin above it, and all from 1 up lies in the last bin.
 *
 * @source openpi `tokenizer.py`: numpy's `digitize` over the lower edges, less one
 */
export function stateBins(state: Float32Array): number[] {
  // Times 128 is exact in floating point, what a sum with 1 would round is not.
  return Array.from(state, (value) =>
    value < -1 ? -1 : Math.min(bins - 1, Math.floor((value * bins) / 2) + bins / 2),
  );
}

function stateText(state: Float32Array): string {
  return stateBins(state).join(" ");
}

function oneLine(task: string): string {
  return spaced(stripped(task)).replaceAll("\n", " ");
}

function spaced(text: string): string {
  return text.replaceAll("_", " ");
}

/** Without white space at either end: what Python's `strip` takes away, which is not what JavaScript's `trim` does. */
function stripped(text: string): string {
  const white = String.raw`[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+`;
  return text.replace(new RegExp(`^${white}`), "").replace(new RegExp(`${white}$`), "");
}
