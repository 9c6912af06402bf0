/** A line of a unified diff. */
export interface DiffLine {
  is: "added" | "removed" | "same" | "hunk" | "file";
  text: string;
  /** Its number before and after, where it has one. */
  before?: number;
  after?: number;
}

const place = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

/** The lines of a unified diff, with their numbers. */
export function diffLines(diff: string): DiffLine[] {
  const out: DiffLine[] = [];
  let before = 0;
  let after = 0;
  let inside = false;
  for (const line of diff.replace(/\n$/, "").split("\n")) {
    const text = line.slice(1);
    const at = place.exec(line);
    if (at) {
      before = Number(at[1]);
      after = Number(at[2]);
      inside = true;
      out.push({ is: "hunk", text: line });
    } else if (
      /^(diff|index|Index:|---|\+\+\+) /.test(line) &&
      (!inside || /^(diff|index) |^(---|\+\+\+) [ab/]/.test(line))
    ) {
      inside = false;
      out.push({ is: "file", text: line });
    } else if (line.startsWith("\\")) continue;
    else if (line.startsWith("+")) out.push({ is: "added", text, after: after++ });
    else if (line.startsWith("-")) out.push({ is: "removed", text, before: before++ });
    else if (inside) out.push({ is: "same", text, before: before++, after: after++ });
  }
  return out;
}
