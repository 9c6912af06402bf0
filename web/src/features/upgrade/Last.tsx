import "./upgrade.css";

import { u } from "../../locales/upgrade";
import { Copy } from "../../ui/Copy";
import { Facts, Section } from "../../ui/Facts";
import { looks, Status } from "../../ui/mark";
import { Time } from "../../ui/Time";
import type { Attempt } from "./types";

const words = u.last;

function outcome({ phase, back, from, to }: Attempt): string {
  if (phase === "failed") return words.putBack(from.version, to.version);
  return back ? words.wentBack(from.version, to.version) : words.stayed(from.version, to.version);
}

function Log({ lines }: { lines: readonly string[] }) {
  const text = lines.join("\n");
  return (
    <div className="mt-4 grid gap-1">
      <div className="row">
        <h3 className="font-medium">{words.log}</h3>
        <span className="ml-auto">
          <Copy wide text={text} label={words.copyLog} />
        </span>
      </div>
      <pre className="log max-h-120" tabIndex={0} aria-label={words.log}>
        {text}
      </pre>
    </div>
  );
}

/** What became of the last upgrade: its outcome, what happened, and what a failed version said. */
export function Last({ of }: { of: Attempt }) {
  const failed = of.phase === "failed";
  return (
    <Section title={words.title}>
      <div className="mb-2 flex flex-wrap items-center gap-x-2">
        <Status look={failed ? looks.failed : looks.done}>{outcome(of)}</Status>
        {of.code && (
          <span className="inline-flex items-center gap-1 text-sm text-faint">
            <code>{of.code}</code>
            <Copy text={of.code} label={words.copyCode} />
          </span>
        )}
      </div>
      {of.happened.length > 0 && (
        <ol className="happened" aria-label={words.happened}>
          {of.happened.map((sentence, i) => (
            <li key={i}>{sentence}</li>
          ))}
        </ol>
      )}
      {failed && of.log.length > 0 && <Log lines={of.log} />}
      <Facts
        className="mt-4"
        facts={[
          [words.ended, of.ended_at && <Time key="e" at={of.ended_at} ago />],
          [words.signed, of.signer && words.by(of.signer)],
          [words.checkpoint, of.checkpoint && <code key="c">{of.checkpoint}</code>],
        ]}
      />
    </Section>
  );
}
