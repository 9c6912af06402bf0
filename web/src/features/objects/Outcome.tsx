import "./objects.css";

import { o } from "../../locales/objects";
import { Button } from "../../ui/Button";
import { Banner } from "../../ui/Banner";
import { Diff } from "../../ui/Diff";
import { type Look, looks, Mark, Status } from "../../ui/mark";
import type { Applied, AppliedDocument } from "./changes";
import { RefLink } from "./RefLink";

const stateLooks: Record<AppliedDocument["state"], Look> = {
  checked: looks.ok,
  applied: looks.done,
  invalid: looks.critical,
  failed: looks.failed,
  not_tried: looks.unknown,
};

interface OutcomeProps {
  cluster: string;
  applied: Applied;
  /** Leads to a line of the text. */
  onLine?: (line: number) => void;
}

function At({ line, onLine }: { line: number; onLine: OutcomeProps["onLine"] }) {
  if (!line) return null;
  return onLine ? (
    <Button size="small" kind="quiet" onClick={() => onLine(line)}>
      {o.apply.line(line)}
    </Button>
  ) : (
    <span className="text-muted">{o.apply.line(line)}</span>
  );
}

function Document({
  document,
  cluster,
  onLine,
}: Omit<OutcomeProps, "applied"> & { document: AppliedDocument }) {
  const { title, object, state, action, diff, errors, warnings, taken_over, unproven, line } = document;
  return (
    <li className="object-document">
      <div className="row flex-wrap">
        <Status look={stateLooks[state]}>{o.apply.states[state]}</Status>
        <span className="font-medium">
          {object && state === "applied" ? (
            <RefLink kind cluster={cluster} to={object} />
          ) : (
            title || o.apply.untitled
          )}
        </span>
        {action && <span className="tag">{o.apply.actions[action]}</span>}
        <At line={line} onLine={onLine} />
      </div>
      {errors.map((error) => (
        <p key={`${error.code} ${error.field} ${error.message}`} className="row items-start">
          <Mark {...looks.critical} />
          <span className="min-w-0 flex-1">
            {error.field && <code>{error.field}</code>} {error.message}
          </span>
          <At line={error.line} onLine={onLine} />
        </p>
      ))}
      {taken_over.map(({ field, manager, line: at }) => (
        <p key={field} className="row items-start">
          <Mark {...looks.warning} />
          <span className="min-w-0 flex-1">
            <code>{field}</code> {o.apply.owner(manager)}
          </span>
          <At line={at} onLine={onLine} />
        </p>
      ))}
      {[...warnings, ...(unproven ? [unproven] : [])].map((warning) => (
        <p key={warning} className="row items-start">
          <Mark {...looks.info} />
          <span className="min-w-0 flex-1">{warning}</span>
        </p>
      ))}
      {diff && <Diff diff={diff} label={title} />}
    </li>
  );
}

/** Whether anything stands in the way but that others manage the fields. */
export const onlyDisputes = ({ outcome, documents }: Applied): boolean =>
  outcome === "invalid" &&
  documents.every(({ state, taken_over }) => state !== "invalid" || taken_over.length > 0);

/** What became of a text, document by document. */
export function Outcome({ cluster, applied, onLine }: OutcomeProps) {
  const { outcome, message, documents } = applied;
  const look =
    outcome === "applied" || outcome === "checked" ? "ok" : outcome === "stopped" ? "critical" : "warning";
  return (
    <div className="grid gap-3">
      <Banner look={look} title={message} />
      <ol className="grid gap-3">
        {documents.map((document) => (
          <Document key={document.index} document={document} cluster={cluster} {...(onLine && { onLine })} />
        ))}
      </ol>
    </div>
  );
}
