import { useState } from "react";

import { api } from "../../api/client";
import type { Job } from "../../api/job";
import type { Drill, ReplicaSettings } from "./types";
import { JobDialog } from "../../layout/JobDialog";
import { toastProblem } from "../../layout/Problem";
import { b } from "../../locales/backup";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Facts, Section } from "../../ui/Facts";
import { bytes, exact, milliseconds, number } from "../../ui/format";
import { looks, Status } from "../../ui/mark";
import { Panel } from "../../ui/Panel";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { evidenceOf } from "./evidence";
import { DrillDaysDialog } from "./PlaceDialog";
import { refreshBackup } from "./queries";

const words = b.drills;

const Result = ({ drill: { passed } }: { drill: Drill }) => (
  <Status look={passed ? looks.done : looks.failed}>{passed ? words.passed : words.notPassed}</Status>
);

const columns = (onOpen: (id: string) => void): Column<Drill>[] => [
  { key: "result", head: words.result, phone: "state", cell: (drill) => <Result drill={drill} /> },
  {
    key: "when",
    head: words.when,
    phone: "name",
    cell: (drill) => (
      <button type="button" onClick={() => onOpen(drill.id)}>
        <Time at={drill.at} ago />
      </button>
    ),
  },
  {
    key: "kind",
    head: words.kind,
    phone: "sub",
    cell: ({ kind }) => words.kinds[kind],
  },
  {
    key: "why",
    head: words.why,
    from: "xl",
    className: "max-w-80 clip",
    cell: ({ error }) => (
      <span className="text-muted" title={error}>
        {error}
      </span>
    ),
  },
  { key: "took", head: words.took, num: true, cell: ({ millis }) => milliseconds(millis) },
  {
    key: "size",
    head: words.size,
    num: true,
    phone: "end",
    cell: (drill) => (drill.passed ? bytes(drill.bytes) : ""),
  },
];

/** What one restore for trial found: the error first, then what was compared. */
export function DrillPanel({ drill, onClose }: { drill: Drill; onClose: () => void }) {
  const { moment, tables, opened, place, name, sha256 } = evidenceOf(drill.evidence);
  return (
    <Panel label={words.title} head={<Result drill={drill} />} onClose={onClose}>
      <h2>
        {words.kinds[drill.kind]} · {exact(drill.at)}
      </h2>
      {drill.error && (
        <Banner look="failed" className="mt-3 mb-3" title={words.failedTitle}>
          {drill.error} <code className="text-sm text-faint">{drill.code}</code>
        </Banner>
      )}
      <Facts
        className="mt-3"
        facts={[
          [words.moment, moment && exact(moment)],
          [words.position, drill.position && <code key="p">{drill.position}</code>],
          [words.took, milliseconds(drill.millis)],
          [words.size, drill.bytes > 0 && bytes(drill.bytes)],
          [words.opened, opened && <code key="o">{opened}</code>],
          [words.place, place],
          [words.name, name && <code key="n">{name}</code>],
          [words.sha, sha256 && <code key="h">{sha256}</code>],
        ].map(([label, value]) => [label, value || null])}
      />
      {tables.length > 0 && (
        <>
          <h3>{words.tables}</h3>
          <Facts
            facts={tables.map(({ table, rows, digest }) => [
              <code key="t">{table}</code>,
              <span key="r" className="flex justify-between gap-3">
                <span>{words.rowsOf(rows, number(rows))}</span>
                <code className="text-faint" title={digest}>
                  {digest.slice(0, 12)}
                </code>
              </span>,
            ])}
          />
        </>
      )}
    </Panel>
  );
}

function TryNow() {
  const [job, setJob] = useState<Job>();
  const start = api.useMutation("post", "/api/v1/backup/drills", {
    onSuccess: setJob,
    onError: (error) => toastProblem(words.failed, error),
  });
  const close = () => {
    setJob(undefined);
    void refreshBackup();
  };
  return (
    <>
      <Button size="small" busy={start.isPending} onClick={() => start.mutate({})}>
        {words.now}
      </Button>
      {job && <JobDialog job={job} title={words.running} onClose={close} onDone={close} />}
    </>
  );
}

interface DrillsProps {
  /** There is a replica to restore from. */
  on: boolean;
  drills: readonly Drill[];
  settings: ReplicaSettings;
  active: string | undefined;
  onOpen: (id: string) => void;
}

/** The restores that were tried: the proof that a backup is one. */
export function Drills({ on, drills, settings, active, onOpen }: DrillsProps) {
  const [asking, setAsking] = useState(false);
  const days = settings.drill_days;
  return (
    <Section
      title={words.title}
      end={
        <>
          <Button size="small" onClick={() => setAsking(true)}>
            {words.change}
          </Button>
          {on && <TryNow />}
        </>
      }
    >
      <p className="mb-3 max-w-160 text-muted">
        {words.lead} {days > 0 && words.every(days)}
      </p>
      {days === 0 && <Banner look="warning" className="mb-3" title={words.never} />}
      <Table
        label={words.title}
        columns={columns(onOpen)}
        rows={drills}
        id={(drill) => drill.id}
        active={active}
        empty={<Empty title={words.none}>{on && words.noneBody}</Empty>}
      />
      {asking && <DrillDaysDialog settings={settings} onClose={() => setAsking(false)} />}
    </Section>
  );
}
