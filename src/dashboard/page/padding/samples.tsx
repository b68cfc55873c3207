import type { BatchMapJson, MemberJson, SampleJson } from "../../padding/batch-map.ts";
import { changeQuery } from "../address.ts";
import { FieldMap, fieldGrid, realCount, saidOf } from "./field-map.tsx";

interface SamplesProps {
  readonly batch: BatchMapJson;
  /** Of the one that is shown large; `null` for none. */
  readonly chosen: number | null;
  /** Where the view of data shows these datasets; `null` where nothing does. */
  readonly data: string | null;
}

/** The samples of a batch in their order, each as a small picture of what is real; one of them large. */
export function BatchSamples({ batch, chosen, data }: SamplesProps) {
  const sample = chosen === null ? undefined : batch.samples[chosen];
  return (
    <>
      {sample !== undefined && chosen !== null && <LargeSample batch={batch} sample={sample} at={chosen} data={data} />}
      <ol class="samples" aria-label="Samples of the batch">
        {batch.samples.map((one, at) => (
          <SmallSample key={placeOf(one)} batch={batch} sample={one} at={at} isChosen={at === chosen} />
        ))}
      </ol>
    </>
  );
}

/** What the colours of the pictures mean. */
export function MapKey() {
  return (
    <p class="map-key">
      <span class="swatch real-colour" /> real <span class="swatch padding-colour" /> padding
      <span class="quiet-text">
        {" "}
        · actions: steps from left to right, slots downwards; choose a sample for its names
      </span>
    </p>
  );
}

interface SampleProps {
  readonly batch: BatchMapJson;
  readonly sample: SampleJson;
  readonly at: number;
}

const small = { width: 150, height: 110, side: 7 } as const;
const large = { width: 640, height: 1600, side: 16 } as const;

function SmallSample({ batch, sample, at, isChosen }: SampleProps & { readonly isChosen: boolean }) {
  const member = batch.members[sample.member]!;
  const choose = () => changeQuery({ sample: isChosen ? null : String(at) }, "push");
  return (
    <li>
      <button type="button" class="sample" aria-pressed={isChosen} onClick={choose}>
        <span class="sample-name">{member.dataset}</span>
        <span class="quiet-text">{placeOf(sample)}</span>
        {batch.fields.map((field) => {
          const grid = fieldGrid(field, sample.real[field.name] ?? "", member);
          return <FieldMap key={field.name} field={field} grid={grid} size={small} />;
        })}
      </button>
    </li>
  );
}

function placeOf({ episode, row }: SampleJson): string {
  return `episode ${episode}, row ${row}`;
}

/** What is real of each field of a sample, with the names of its dofs, and in words. */
export function LargeSample({ batch, sample, at, data }: SampleProps & Pick<SamplesProps, "data">) {
  const member = batch.members[sample.member]!;
  return (
    <section class="large-sample" aria-label={`Sample ${at}`}>
      <h2>
        Sample {at}: {member.dataset} · {member.controlMode}, {placeOf(sample)}
      </h2>
      {data !== null && (
        <a href={`${data}&data=${sample.member}&episode=${sample.episode}&row=${sample.row}`}>its film and numbers</a>
      )}
      {batch.fields.map((field) => (
        <LargeField key={field.name} field={field} real={sample.real[field.name] ?? ""} member={member} />
      ))}
    </section>
  );
}

interface FieldProps {
  readonly field: BatchMapJson["fields"][number];
  readonly real: string;
  readonly member: MemberJson;
}

function LargeField({ field, real, member }: FieldProps) {
  const grid = fieldGrid(field, real, member);
  const names = Array.from({ length: grid.rows }, (_, row) => grid.rowName(row));
  return (
    <figure>
      <figcaption>
        {field.name}{" "}
        <span class="quiet-text">{Math.round((100 * realCount(real)) / Math.max(1, real.length))} % real</span>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys. */}
      <section class="named-map scroll" aria-label={`${field.name} by cell`} tabIndex={0}>
        {names.some((text) => text !== "") && (
          <ol class="row-names" style={{ lineHeight: `${large.side}px` }}>
            {names.map((text, row) => (
              <li key={`${row} ${text}`}>{text === "" ? "–" : text}</li>
            ))}
          </ol>
        )}
        <FieldMap field={field} grid={grid} size={large} />
      </section>
      <p class="quiet-text">{saidOf(field, grid)}.</p>
    </figure>
  );
}
