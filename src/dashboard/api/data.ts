import { frameForms, framePng } from "../data/frame.ts";
import { inspection } from "../data/inspection.ts";
import { dataJson } from "../data/listing.ts";
import type { OpenData, ShownDataset } from "../data/open-data.ts";
import { scales } from "../data/rows.ts";
import { episodeSeries } from "../data/series.ts";
import { datasetSummary } from "../data/summary.ts";
import type { Source } from "../source.ts";
import { askedNumber, askedSource, askedWord } from "./asked.ts";
import type { ApiAnswer, ApiRequest, Endpoint } from "./endpoint.ts";
import { openedIn, shownAt } from "./opened.ts";

/** The datasets at or below the folders given. */
export interface DatasetList {
  readonly datasets: readonly { readonly name: string }[];
}

/** Everything that the view of data shows: of a run the datasets that its recipe names, of a dataset itself. */
export const dataEndpoints: readonly Endpoint[] = [
  {
    path: "/api/datasets",
    summary: "the datasets below the folders given",
    async answer({ sources }) {
      const found = await sources.list("dataset");
      const value: DatasetList = { datasets: found.map(({ name }) => ({ name })) };
      return { kind: "json", value };
    },
  },
  {
    path: "/api/:source/:name/data",
    summary: "the datasets of a run, or one dataset: robots, dofs, cameras, episodes, what keeps them from training",
    async answer(request) {
      const source = await askedSource(request);
      return { kind: "json", value: await openedIn(request.sources).withData(source, async (data) => dataJson(data)) };
    },
  },
  {
    path: "/api/:source/:name/data/:dataset/episodes/:episode",
    summary: "actions and states of an episode by entry and row; ?scale=raw or normalised, as training reads them",
    async answer(request) {
      const episode = askedNumber("episode", request.parameter("episode"));
      const scale = askedWord(request.query, "scale", scales);
      return await withDataset(request, async ({ data, shown }) => {
        return { kind: "json", value: await episodeSeries(data, shown, { episode, scale }) };
      });
    },
  },
  {
    path: "/api/:source/:name/data/:dataset/summary",
    summary: "statistics and histograms by entry, instructions by rows; ?scale=raw or normalised",
    async answer(request) {
      const scale = askedWord(request.query, "scale", scales);
      return await withDataset(request, async ({ source, data, shown, number }) => {
        const compute = () => datasetSummary(data, shown, scale);
        return { kind: "json", value: await openedIn(request.sources).answer(source, `${number} ${scale}`, compute) };
      });
    },
  },
  {
    path: "/api/:source/:name/data/:dataset/inspection",
    summary: "what inspect finds in a dataset, with episode and row",
    async answer(request) {
      return await withDataset(request, async ({ source, shown, number }) => {
        const compute = () => inspection(shown);
        return { kind: "json", value: await openedIn(request.sources).answer(source, `${number} inspection`, compute) };
      });
    },
  },
  {
    path: "/api/:source/:name/data/:dataset/frame",
    summary:
      "a picture as PNG: ?camera=KEY&episode=N&row=N&form=recorded, or form=policy for the square that training reads",
    async answer(request) {
      const { query } = request;
      const choice = {
        camera: query.get("camera") ?? "",
        episode: askedNumber("episode", query.get("episode")),
        row: askedNumber("row", query.get("row")),
        form: askedWord(query, "form", frameForms),
      };
      return await withDataset(request, async ({ data, shown }) => {
        return { kind: "bytes", type: "image/png", bytes: await framePng(data, shown, choice) };
      });
    },
  },
];

interface AskedDataset {
  readonly source: Source;
  readonly data: OpenData;
  readonly shown: ShownDataset;
  readonly number: number;
}

/** Answers from the dataset that is asked for, which stays open meanwhile. */
async function withDataset(
  request: ApiRequest,
  answer: (asked: AskedDataset) => Promise<ApiAnswer>,
): Promise<ApiAnswer> {
  const source = await askedSource(request);
  const number = askedNumber("dataset", request.parameter("dataset"));
  return await openedIn(request.sources).withData(source, (data) =>
    answer({ source, data, shown: shownAt(data, number), number }),
  );
}
