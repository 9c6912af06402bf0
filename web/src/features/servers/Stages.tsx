import type { Stage, TestResult } from "../../api/types";
import { t } from "../../locales";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { milliseconds } from "../../ui/format";
import { type Look, looks, Mark } from "../../ui/mark";

const order = ["name", "tcp", "host_key", "login", "commands"] as const;
const words = t.manage.form;

type StageName = (typeof order)[number];

/** Whether the only thing in the way is a key that nobody has trusted yet. */
export const waitsForTrust = (result: TestResult): boolean =>
  result.items.some(
    (stage) => stage.stage === "host_key" && !stage.ok && stage.code === "server.host_key_untrusted",
  );

/** Whether every stage was passed. */
export const passed = (result: TestResult): boolean =>
  result.items.length > 0 && result.items.every((stage) => stage.ok);

function look(stage: Stage | undefined, untrusted: boolean): { look: Look; word: string } {
  if (!stage) return { look: looks.pending, word: words.waiting };
  if (stage.ok) return { look: looks.done, word: words.good };
  if (untrusted) return { look: looks.untrusted, word: words.untrusted };
  return { look: looks.failed, word: words.bad };
}

function Row({ name, stage, untrusted }: { name: StageName; stage: Stage | undefined; untrusted: boolean }) {
  const { look: shown, word } = look(stage, untrusted);
  return (
    <li className={stage ? "text-text!" : undefined}>
      <Mark shape={shown.shape} tone={shown.tone} />
      <span className="min-w-0 flex-1">
        <span className="font-medium">{words.stages[name]}</span> <span className="text-muted">{word}</span>
        {stage?.message && !untrusted && <span className="block text-muted">{stage.message}</span>}
      </span>
      {stage && <span className="end">{milliseconds(stage.ms)}</span>}
    </li>
  );
}

/** How far a connection came, stage by stage. */
export function Stages({ result }: { result: TestResult | undefined }) {
  const untrusted = result !== undefined && waitsForTrust(result);
  return (
    <ol className="steps tall" aria-live="polite">
      {order.map((name) => (
        <Row
          key={name}
          name={name}
          stage={result?.items.find((stage) => stage.stage === name)}
          untrusted={name === "host_key" && untrusted}
        />
      ))}
    </ol>
  );
}

interface TrustProps {
  hostKey: { type: string; fingerprint: string };
  busy: boolean;
  onTrust: () => void;
}

/** Asks to compare the key of a machine that is met for the first time. */
export function TrustKey({ hostKey, busy, onTrust }: TrustProps) {
  return (
    <section className="grid gap-2 rounded-lg border border-line-strong p-4" aria-label={words.trustTitle}>
      <h2>{words.trustTitle}</h2>
      <p className="text-muted">{words.trustLead}</p>
      <p className="flex items-start gap-2">
        <code className="min-w-0 flex-1 break-all">
          {hostKey.type} {hostKey.fingerprint}
        </code>
        <Copy text={hostKey.fingerprint} label={words.copyFingerprint} />
      </p>
      <p className="text-sm text-muted">
        {words.trustHow} <code className="break-all">{words.trustCommand}</code>
      </p>
      <div>
        <Button kind="primary" busy={busy} onClick={onTrust}>
          {words.trust}
        </Button>
      </div>
    </section>
  );
}
