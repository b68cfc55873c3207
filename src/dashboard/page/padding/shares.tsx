import type { BatchMapJson, ShareJson } from "../../padding/batch-map.ts";

/** How much of a batch is padding, by dataset and field. */
export function Shares({ batch }: { readonly batch: BatchMapJson }) {
  const { fields, members, shares } = batch;
  const names = fields.map(({ name }) => name);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys.
    <section class="scroll" aria-label="Padding by dataset and field" tabIndex={0}>
      <table class="shares">
        <thead>
          <tr>
            <th scope="col" class="left">
              padding of
            </th>
            <th scope="col">samples</th>
            {names.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shares.map((share) => {
            const { dataset, controlMode } = members[share.member]!;
            return <ShareRow key={share.member} name={`${dataset} · ${controlMode}`} share={share} names={names} />;
          })}
          <ShareRow name="the batch" share={wholeOf(shares, names)} names={names} />
        </tbody>
      </table>
    </section>
  );
}

interface RowProps {
  readonly name: string;
  readonly share: Pick<ShareJson, "samples" | "fields">;
  readonly names: readonly string[];
}

function ShareRow({ name, share, names }: RowProps) {
  return (
    <tr>
      <th scope="row" class="left">
        {name}
      </th>
      <td>{share.samples}</td>
      {names.map((field) => {
        const { real = 0, cells = 0 } = share.fields[field] ?? {};
        const padding = cells === 0 ? 0 : 1 - real / cells;
        return (
          <td key={field} title={`${cells - real} of ${cells} cells`}>
            {(100 * padding).toFixed(1)} %
            <progress value={padding} max={1} aria-label={`padding of ${field}, ${name}`} />
          </td>
        );
      })}
    </tr>
  );
}

function wholeOf(shares: readonly ShareJson[], names: readonly string[]): RowProps["share"] {
  const sum = (of: (share: ShareJson) => number) => shares.reduce((total, share) => total + of(share), 0);
  const fields = names.map((name) => {
    const real = sum((share) => share.fields[name]?.real ?? 0);
    return [name, { real, cells: sum((share) => share.fields[name]?.cells ?? 0) }] as const;
  });
  return { samples: sum(({ samples }) => samples), fields: Object.fromEntries(fields) };
}
