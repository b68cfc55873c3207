import type { DrawnCamera, DrawnDataset, DrawnEpisode, DrawnFilm } from "./drawn-dataset.ts";

const padded = (value: number, digits: number) => String(value).padStart(digits, "0");

/** v3.0 has files with these numbers in a second folder, so that folders are told apart. */
const secondFolder = 2;

/** Folder and number of a file of v3.0. */
export function filePlace(file: number): { readonly chunk: number; readonly file: number } {
  return file >= secondFolder ? { chunk: 1, file: file - secondFolder } : { chunk: 0, file };
}

/** Path of a table, from the dataset's folder. */
export function tablePath({ version, chunkSize }: DrawnDataset, { index, table }: DrawnEpisode): string {
  if (version === "v3.0") return `data/${v3(table)}.parquet`;
  return `data/chunk-${padded(Math.floor(index / chunkSize), 3)}/episode_${padded(index, 6)}.parquet`;
}

/** Path of a film, from the dataset's folder. */
export function filmPath({ version, chunkSize }: DrawnDataset, { key }: DrawnCamera, { file }: DrawnFilm): string {
  if (version === "v3.0") return `videos/${key}/${v3(file)}.mp4`;
  return `videos/chunk-${padded(Math.floor(file / chunkSize), 3)}/${key}/episode_${padded(file, 6)}.mp4`;
}

function v3(number: number): string {
  const { chunk, file } = filePlace(number);
  return `chunk-${padded(chunk, 3)}/file-${padded(file, 3)}`;
}
