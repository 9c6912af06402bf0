import { c } from "../../locales/tls";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { Facts } from "../../ui/Facts";
import { exact } from "../../ui/format";
import { Badge } from "../../ui/mark";
import { Panel } from "../../ui/Panel";
import { Quote } from "../../ui/Quote";
import { Attempt, type Doing, whyNone } from "./columns";
import { faces, isRenewable, stateOf } from "./names";
import type { Name } from "./types";
import { Until } from "./Until";

const words = c.panel;

/** Everything that was said when it went wrong, and when it is tried again. */
function Failure({ of: { attempt, next_attempt_at: next } }: { of: Name }) {
  if (!attempt || attempt.failures === 0) return null;
  return (
    <>
      <Banner look="failed" title={words.failed(attempt.failures)}>
        {next && (
          <>
            {words.next} <Until at={next} past={words.anyMoment} />.
          </>
        )}
      </Banner>
      <Quote title={words.error} text={attempt.error} />
    </>
  );
}

function Notes({ of }: { of: Name }) {
  const failed = (of.attempt?.failures ?? 0) > 0;
  const none = whyNone(of);
  return (
    <>
      <Failure of={of} />
      {of.stands_in && (
        <Banner look="info" title={words.standsIn}>
          {words.standsInBody}
        </Banner>
      )}
      {of.why && !failed && (
        <Banner look="info" title={words.why}>
          {of.why}
        </Banner>
      )}
      {none && <p className="text-muted">{none}</p>}
    </>
  );
}

interface NamePanelProps {
  of: Name;
  doing: Doing;
  onClose: () => void;
}

/** One name: what went wrong first, then its certificate. */
export function NamePanel({ of, doing, onClose }: NamePanelProps) {
  const state = stateOf(of, Date.now());
  return (
    <Panel
      label={words.label}
      head={<Badge look={faces[state]}>{c.names.states[state]}</Badge>}
      onClose={onClose}
    >
      <div className="grid gap-3">
        <h2>{of.name}</h2>
        <div className="row flex-wrap">
          {isRenewable(of) && (
            <Button size="small" onClick={() => doing.onRenew(of)}>
              {c.names.renew}
            </Button>
          )}
          {doing.removable(of) && (
            <Button size="small" kind="quiet" onClick={() => doing.onTakeAway(of)}>
              {c.names.takeAway}
            </Button>
          )}
        </div>
        <Notes of={of} />
        <Facts
          facts={[
            [c.names.by, c.names.bys[of.by]],
            [c.names.issuer, of.issuer],
            [words.from, of.not_before && exact(of.not_before)],
            [c.names.ends, of.not_after && exact(of.not_after)],
            [words.renewal, of.renewal_at && <Until key="r" at={of.renewal_at} />],
            [words.attempt, of.attempt && <Attempt key="a" of={of} />],
            [words.origin, of.own ? words.own : doing.removable(of) ? words.given : c.names.ofURL],
          ]}
        />
        {of.by === "manual" && <p className="text-sm text-muted">{words.manual}</p>}
      </div>
    </Panel>
  );
}
