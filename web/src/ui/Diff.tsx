import "./diff.css";

import { useMemo, useState } from "react";

import { p } from "../locales/parts";
import { Button } from "./Button";
import { type DiffLine, diffLines } from "./diff-lines";

const first = 500; // lines shown at once

const signs = { added: "+", removed: "−", same: " ", hunk: "", file: "" } as const;

function Line({ line }: { line: DiffLine }) {
  if (line.is === "hunk" || line.is === "file") return <li className={line.is}>{line.text}</li>;
  return (
    <li className={line.is}>
      <span className="at" aria-hidden="true">
        {line.before}
      </span>
      <span className="at" aria-hidden="true">
        {line.after}
      </span>
      <span aria-hidden="true">{signs[line.is]}</span>
      {line.is !== "same" && <span className="sr-only">{p.diff[line.is]}: </span>}
      <code>{line.text}</code>
    </li>
  );
}

interface DiffProps {
  /** A unified diff. */
  diff: string;
  label?: string;
}

/** What a change does, line by line: signs first, colour beside them. */
export function Diff({ diff, label = p.diff.label }: DiffProps) {
  const lines = useMemo(() => diffLines(diff), [diff]);
  const [all, setAll] = useState(false);
  if (lines.length === 0) return <p className="text-muted">{p.diff.none}</p>;
  const count = (is: DiffLine["is"]) => lines.filter((line) => line.is === is).length;
  const shown = all ? lines : lines.slice(0, first);
  return (
    <figure className="diff">
      <figcaption>
        {label}
        <span className="ml-auto">{p.diff.counts(count("added"), count("removed"))}</span>
      </figcaption>
      <div className="lines" role="region" tabIndex={0} aria-label={label}>
        <ol>
          {shown.map((line, i) => (
            <Line key={i} line={line} />
          ))}
        </ol>
      </div>
      {shown.length < lines.length && (
        <Button size="small" className="m-2" onClick={() => setAll(true)}>
          {p.diff.more(lines.length - shown.length)}
        </Button>
      )}
    </figure>
  );
}
