import type { BatchMapJson, ShareJson } from "../../padding/batch-map.ts";

/** How much of a batch is padding, by dataset and field, and how much of what it takes to compute. */
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
            <th scope="col" title="of a step's matrix products: views, observation slots and prompt tokens">
              compute
            </th>
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
  readonly share: Omit<ShareJson, "member">;
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
            <PaddingShare padding={padding} label={`padding of ${field}, ${name}`} />
          </td>
        );
      })}
      <td>
        <PaddingShare padding={share.computePadding} label={`padding of compute, ${name}`} />
      </td>
    </tr>
  );
}

function PaddingShare({ padding, label }: { readonly padding: number; readonly label: string }) {
  return (
    <>
      {(100 * padding).toFixed(1)} %
      <progress value={padding} max={1} aria-label={label} />
    </>
  );
}

function wholeOf(shares: readonly ShareJson[], names: readonly string[]): RowProps["share"] {
  const sum = (of: (share: ShareJson) => number) => shares.reduce((total, share) => total + of(share), 0);
  const fields = names.map((name) => {
    const real = sum((share) => share.fields[name]?.real ?? 0);
    return [name, { real, cells: sum((share) => share.fields[name]?.cells ?? 0) }] as const;
  });
  const samples = sum((share) => share.samples);
  // Each sample takes as much, whatever of it is padding.
  const padding = sum((share) => share.samples * share.computePadding) / Math.max(1, samples);
  return { samples, fields: Object.fromEntries(fields), computePadding: padding };
}
