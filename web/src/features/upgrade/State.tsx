import { type ReactNode, useEffect, useState } from "react";

import { u } from "../../locales/upgrade";
import { Banner } from "../../ui/Banner";
import { Code } from "../../ui/Code";
import { type Fact } from "../../ui/Facts";
import { looks, Mark } from "../../ui/mark";
import { Standing } from "../../ui/Standing";
import { closed, phases, putBack, underWay } from "./attempt";
import type { Attempt, Report } from "./types";

const patience = 120_000;

function Steps({ of }: { of: Attempt }) {
  const at = phases.findIndex((phase) => phase === of.phase);
  return (
    <ol className="steps">
      {phases.map((phase, i) => {
        const { shape, tone } = i < at ? looks.done : i === at ? looks.running : looks.pending;
        return (
          <li
            key={phase}
            className={i === at ? "doing" : undefined}
            aria-current={i === at ? "step" : undefined}
          >
            <Mark shape={shape} tone={tone} />
            {u.phases[phase]}
          </li>
        );
      })}
    </ol>
  );
}

/** Whether it has been looked at for longer than it usually takes. */
function useLate(): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), patience);
    return () => clearTimeout(timer);
  }, []);
  return late;
}

function Running({ of }: { of: Attempt }) {
  const late = useLate();
  const words = of.back ? u.goingBack : u.upgrading;
  return (
    <Standing label={u.standing} look={looks.running} title={words(of.from.version, of.to.version)}>
      <div role="status">
        <Steps of={of} />
      </div>
      <p className="mt-1 text-sm text-muted">{u.stays}</p>
      {late && (
        <Banner look="warning" className="mt-2" title={u.late}>
          {u.lateBody}
        </Banner>
      )}
    </Standing>
  );
}

function facts({ program, where, keys }: Report): Fact[] {
  return [
    [
      u.facts.program,
      <span key="p">
        <code>{program}</code>{" "}
        {where === "data_dir" && <span className="text-muted">({u.facts.inDataDir})</span>}
      </span>,
    ],
    [
      u.facts.keys,
      keys.length > 0 && (
        <ul key="k">
          {keys.map(({ id, from }) => (
            <li key={id} className="flex flex-wrap gap-x-2">
              <code>{id}</code>
              <span className="text-muted">{from === "built-in" ? u.facts.builtIn : from}</span>
            </li>
          ))}
        </ul>
      ),
    ],
  ].map(([name, value]) => [name, value || null]);
}

/** Why nothing can be done here, or not all. */
function Hindered({ report }: { report: Report }) {
  const { blocked, key_problem: key, notice_problem: notice } = report;
  const why = closed(report);
  return (
    <div className="mb-4 grid gap-2 empty:hidden">
      {blocked && (
        <Banner look="warning" title={u.blocked}>
          {blocked.message} <Code code={blocked.code} />
        </Banner>
      )}
      {why === "key" && (
        <Banner look="warning" title={u.noKey}>
          {u.noKeyBody}
        </Banner>
      )}
      {key && (
        <Banner look="warning" title={u.keyProblem}>
          {key}
        </Banner>
      )}
      {notice && (
        <Banner look="warning" title={u.noticeProblem}>
          {notice}
        </Banner>
      )}
    </div>
  );
}

interface StateProps {
  report: Report;
  /** Takes in the version that is published. */
  newer: ReactNode;
}

/** Which version runs, what is under way, and what stands in the way. */
export function State({ report, newer }: StateProps) {
  const { version, last } = report;
  if (last && underWay(last)) return <Running of={last} />;
  const back = putBack(report);
  const title = back && last ? u.runsOn(version.version, last.to.version) : u.runs(version.version);
  return (
    <>
      <Hindered report={report} />
      {report.newer ? (
        <Standing
          label={u.standing}
          look={looks.info}
          title={u.newer(report.newer.version)}
          actions={newer}
          facts={facts(report)}
        >
          <p className="text-muted">{u.newerBody(version.version)}</p>
          {report.newer.notes && (
            <details className="mt-1">
              <summary className="cursor-pointer">{u.newerNotes}</summary>
              <p className="[overflow-wrap:anywhere] whitespace-pre-wrap text-muted">{report.newer.notes}</p>
            </details>
          )}
        </Standing>
      ) : (
        <Standing
          label={u.standing}
          look={back ? looks.warning : looks.ok}
          title={title}
          facts={facts(report)}
        />
      )}
    </>
  );
}
