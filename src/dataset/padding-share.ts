/** What decides how far a dataset is padded in a batch with others. */
export interface Sizes {
  readonly frames: number;
  readonly dofs: number;
  readonly states: number;
  readonly views: number;
}

/** Share of cells of a batch that do not exist, 0 to 1; `null` where there are no such cells at all. */
export interface PaddingShare {
  readonly actions: number | null;
  readonly states: number | null;
  readonly views: number | null;
}

/** Padding of a batch of several datasets, each padded to the widest, where they are drawn equally often. */
export function paddingDrawnEqually(datasets: readonly Sizes[]): PaddingShare {
  return paddingShare(datasets, () => 1);
}

/** The same where they are drawn in proportion to their frames. */
export function paddingDrawnByFrames(datasets: readonly Sizes[]): PaddingShare {
  return paddingShare(datasets, (dataset) => dataset.frames);
}

function paddingShare(datasets: readonly Sizes[], weight: (dataset: Sizes) => number): PaddingShare {
  const share = (size: (dataset: Sizes) => number) => {
    const widest = Math.max(0, ...datasets.map(size));
    const all = datasets.reduce((sum, dataset) => sum + weight(dataset) * widest, 0);
    const real = datasets.reduce((sum, dataset) => sum + weight(dataset) * size(dataset), 0);
    return all === 0 ? null : 1 - real / all;
  };
  return {
    actions: share((dataset) => dataset.dofs),
    states: share((dataset) => dataset.states),
    views: share((dataset) => dataset.views),
  };
}
