import type { BatchMapJson } from "../../padding/batch-map.ts";
import { changeQuery, useAddress, wholeNumber } from "../address.ts";
import { brief } from "../chart/number.ts";
import { type ChosenSource, chosenSource, SourcePicker, useSourceLists } from "../data/source.tsx";
import { WhenHere } from "../data/when-here.tsx";
import { useJson } from "../fetched.ts";
import { Audits } from "../padding/audits.tsx";
import { BatchSamples, MapKey } from "../padding/samples.tsx";
import { Shares } from "../padding/shares.tsx";
import "../data/data.css";
import "../padding/padding.css";

/** What is real in a batch of training, sample by sample and field by field. */
export function PaddingView() {
  const { query } = useAddress();
  const lists = useSourceLists();
  const source = chosenSource(query, lists);
  const step = wholeNumber(query.get("step")) ?? 0;
  return (
    <div class="content">
      <h1 class="hidden">Padding</h1>
      <div class="controls">
        <SourcePicker lists={lists} chosen={source} forgotten={["step", "sample"]} />
        <StepPicker step={step} />
      </div>
      {source !== null && <Batch key={`${source.api} ${step}`} source={source} step={step} query={query} />}
      {source?.kind === "runs" && <Audits run={source.name} />}
    </div>
  );
}

function StepPicker({ step }: { readonly step: number }) {
  const go = (to: number) => changeQuery({ step: String(Math.max(0, to)), sample: null }, "push");
  return (
    <span class="picker">
      <label>
        Batch of step
        <input
          type="number"
          min="0"
          value={step}
          onChange={(event) => go(wholeNumber(event.currentTarget.value) ?? step)}
        />
      </label>
      <button
        type="button"
        class="small"
        aria-label="Previous batch"
        disabled={step === 0}
        onClick={() => go(step - 1)}
      >
        ‹
      </button>
      <button type="button" class="small" aria-label="Next batch" onClick={() => go(step + 1)}>
        ›
      </button>
    </span>
  );
}

interface BatchProps {
  readonly source: ChosenSource;
  readonly step: number;
  readonly query: URLSearchParams;
}

function Batch({ source, step, query }: BatchProps) {
  const found = useJson<BatchMapJson>(`${source.api}/padding/${step}`, 0);
  return (
    <WhenHere found={found} meanwhile="Making the batch as training does, pictures included">
      {(batch) => (
        <>
          <p class="quiet-text facts">
            Step {brief(batch.step)} of {brief(batch.steps)} · {batch.samples.length} samples of {batch.shares.length}{" "}
            {batch.shares.length === 1 ? "robot" : "robots"}
            {batch.fillerRows > 0 && ` · ${batch.fillerRows} filler rows, which hold no sample`}
          </p>
          <Shares batch={batch} />
          <MapKey />
          <BatchSamples
            batch={batch}
            chosen={wholeNumber(query.get("sample"))}
            data={`/data?${source.kind === "runs" ? "run" : "dataset"}=${encodeURIComponent(source.name)}`}
          />
        </>
      )}
    </WhenHere>
  );
}
