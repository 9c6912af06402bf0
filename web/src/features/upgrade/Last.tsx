import "./upgrade.css";

import { u } from "../../locales/upgrade";
import { Code } from "../../ui/Code";
import { Facts, Section } from "../../ui/Facts";
import { looks, Status } from "../../ui/mark";
import { Quote } from "../../ui/Quote";
import { Time } from "../../ui/Time";
import type { Attempt } from "./types";

const words = u.last;

function outcome({ phase, back, from, to }: Attempt): string {
  if (phase === "failed") return words.putBack(from.version, to.version);
  return back ? words.wentBack(from.version, to.version) : words.stayed(from.version, to.version);
}

/** What became of the last upgrade: its outcome, what happened, and what a failed version said. */
export function Last({ of }: { of: Attempt }) {
  const failed = of.phase === "failed";
  return (
    <Section title={words.title}>
      <div className="mb-2 flex flex-wrap items-center gap-x-2">
        <Status look={failed ? looks.failed : looks.done}>{outcome(of)}</Status>
        {of.code && <Code code={of.code} />}
      </div>
      {of.happened.length > 0 && (
        <ol className="happened" aria-label={words.happened}>
          {of.happened.map((sentence, i) => (
            <li key={i}>{sentence}</li>
          ))}
        </ol>
      )}
      {failed && of.log.length > 0 && (
        <div className="mt-4">
          <Quote title={words.log} text={of.log.join("\n")} />
        </div>
      )}
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
