import { columns, leakSize } from "../../../audit/verdict.ts";
import { DataTable, titledColumns } from "../data-table.tsx";

/** What the audit found of a kind of padding in one output. */
type Cell = string | { readonly leak: number; readonly where: string };

/** One kind of padding, and what of it reaches what. */
export interface AuditTableRow {
  readonly padding: string;
  readonly cells: number;
  readonly loss: Cell;
  readonly gradients: Cell;
  readonly actions: Cell;
  readonly metrics: Cell;
  readonly hint: Cell;
}

interface AuditTableProps {
  readonly rows: readonly AuditTableRow[];
  /** `null` where they are not known. */
  readonly laws: Readonly<Record<string, Cell>> | null;
}

/** What padding reaches, by kind: how many cells were looked at, and each leak with its size and the place where it enters. */
export function AuditTable({ rows, laws }: AuditTableProps) {
  const present = rows.filter(({ cells }) => cells > 0);
  const absent = rows.filter(({ cells }) => cells === 0).map(({ padding }) => padding);
  return (
    <>
      <DataTable
        label="Audit by kind of padding"
        columns={titledColumns(["padding", "cells", ...columns, "hint"], ["cells"])}
        rows={present.map((row) => [
          row.padding,
          row.cells.toLocaleString("en"),
          ...columns.map((column) => <AuditCell key={column} cell={row[column]} />),
          <AuditCell key="hint" cell={row.hint} />,
        ])}
      />
      {laws !== null && (
        <p class="laws">
          Laws:{" "}
          {Object.entries(laws)
            .map(([law, verdict]) => `${law} ${verdict === "clean" ? "✓" : "✗"}`)
            .join("  ")}
        </p>
      )}
      {absent.length > 0 && <p class="quiet-text">Not in these batches: {absent.join(", ")}.</p>}
    </>
  );
}

function AuditCell({ cell }: { readonly cell: Cell }) {
  if (typeof cell === "string") return <>{cell}</>;
  return (
    <span class="leak">
      <strong>✗ {leakSize(cell.leak)}</strong> <span class="leak-place">at {cell.where}</span>
    </span>
  );
}
