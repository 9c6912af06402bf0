const nameOf = (response: Response) =>
  /filename="?([^";]+)"?/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];

/** Has the browser keep an answer as a file, and returns the file's name. */
export function keepFile(data: Blob, response: Response, otherwise: string): string {
  const name = nameOf(response) ?? otherwise;
  const url = URL.createObjectURL(data);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the download has begun by then
  return name;
}
