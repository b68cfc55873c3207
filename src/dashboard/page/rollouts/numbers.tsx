import { brief } from "../chart/number.ts";
import { unitText } from "../data/unit.ts";
import { DataTable, titledColumns } from "../data-table.tsx";
import type { EngineFacts, EngineFrame, NamedEntry } from "./engine/messages.ts";

interface NumbersProps {
  readonly facts: EngineFacts;
  readonly frame: EngineFrame;
}

/** What the policy reads and what it says, in numbers. */
export function LiveNumbers({ facts, frame }: NumbersProps) {
  const { chunk, askedAt, policyMs, state } = frame;
  return (
    <details class="part">
      <summary>Numbers</summary>
      <NumberTable label="State now" head="" entries={facts.states} rows={[["now", state]]} />
      <p class="quiet-text">
        {chunk.length === 0
          ? "No chunk yet."
          : `The chunk of step ${askedAt}, made in ${policyMs.toFixed(0)} ms; ${facts.execute} of its ${chunk.length} steps are carried out.`}
      </p>
      <NumberTable
        label="Actions of the chunk"
        head="step"
        entries={facts.dofs}
        rows={chunk.map((row, step) => [String(step), row])}
      />
    </details>
  );
}

interface TableProps {
  readonly label: string;
  readonly head: string;
  readonly entries: readonly NamedEntry[];
  readonly rows: readonly (readonly [name: string, values: readonly number[]])[];
}

function NumberTable({ label, head, entries, rows }: TableProps) {
  const titles = entries.map(({ name, unit }) => `${name} ${unitText(unit)}`);
  return (
    <DataTable
      label={label}
      columns={titledColumns([head, ...titles], titles)}
      rows={rows.map(([name, values]) => [
        name,
        ...values.map((value, at) => (
          <span key={titles[at]} title={String(value)}>
            {brief(value)}
          </span>
        )),
      ])}
    />
  );
}
