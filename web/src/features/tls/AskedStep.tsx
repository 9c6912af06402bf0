import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { c } from "../../locales/tls";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Button, buttonClass } from "../../ui/Button";
import { exact } from "../../ui/format";
import { type Look, looks, Status } from "../../ui/mark";
import { Quote } from "../../ui/Quote";
import { type Asked, askedOf } from "./names";
import { tlsQuery } from "./queries";
import type { Name } from "./types";
import { Until } from "./Until";
import { useRenew } from "./useRenew";

const words = c.asked;
const often = 1500;

const faces: Record<Asked, Look> = {
  good: looks.done,
  asking: looks.running,
  failed: looks.failed,
  waits: looks.warning,
  refused: looks.stale,
};

interface OneProps {
  of: Name;
  asked: Asked;
  onRetry: () => void;
}

function One({ of, asked, onRetry }: OneProps) {
  const { name, issuer, not_after: end, next_attempt_at: next, attempt, why } = of;
  const failed = asked === "failed" || asked === "waits";
  return (
    <li className="tls-asked">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <span className="min-w-0 flex-1 font-medium [overflow-wrap:anywhere]">{name}</span>
        <Status look={faces[asked]}>{words.states[asked]}</Status>
      </div>
      {asked === "good" && (
        <p className="text-sm text-muted">
          {issuer}. {end && words.until(exact(end))}
        </p>
      )}
      {asked === "refused" && why && <p className="text-sm text-muted">{why}</p>}
      {failed && (
        <div className="flex flex-wrap items-center gap-3 text-sm text-muted">
          {next && (
            <span>
              {words.again} <Until at={next} past={c.panel.anyMoment} />.
            </span>
          )}
          <Button size="small" onClick={onRetry}>
            {words.retry}
          </Button>
        </div>
      )}
      {failed && attempt?.error && <Quote title={c.panel.error} text={attempt.error} />}
    </li>
  );
}

interface AskedListProps {
  /** When each name had been asked for last before this was saved. */
  before: Readonly<Record<string, string>>;
  onChange: () => void;
}

/** The names as they get their certificates, or say why they do not. */
export function AskedList({ before, onChange }: AskedListProps) {
  const { renew, dialog } = useRenew();
  const open = (names: readonly Name[]) => names.some((name) => askedOf(name, before) === "asking");
  const { data } = useQuery({
    ...tlsQuery(),
    // Every attempt is seen as it ends, in every tenant.
    refetchInterval: ({ state }) => (!state.data || open(state.data.names)) && often,
  });
  const names = (data?.names ?? []).filter(({ own }) => !own);
  const all = names.map((of) => ({ of, asked: askedOf(of, before) }));
  const done = all.every(({ asked }) => asked === "good" || asked === "refused");
  return (
    <>
      <ul aria-live="polite" aria-label={c.names.title}>
        {all.map(({ of, asked }) => (
          <One key={of.name} of={of} asked={asked} onRetry={() => renew(of.name)} />
        ))}
      </ul>
      {data && done && all.some(({ asked }) => asked === "good") && (
        <Banner look="ok" title={words.all}>
          {words.allBody}
        </Banner>
      )}
      {data && open(names) && <p className="text-sm text-muted">{words.stay}</p>}
      <div className="foot">
        <Button onClick={onChange}>{words.change}</Button>
        <Link className={buttonClass({ kind: "primary" })} to={paths.tls()}>
          {c.acme.leave}
        </Link>
      </div>
      {dialog}
    </>
  );
}
