import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, ifMatch } from "../../api/client";
import type { Job } from "../../api/job";
import type { BackupState, Drill, Moments as Listed, ReplicaSettings } from "./types";
import { JobDialog } from "../../layout/JobDialog";
import { FormProblem } from "../../layout/FormProblem";
import { kindOf } from "../../layout/place";
import { toastProblem } from "../../layout/Problem";
import { t } from "../../locales";
import { b } from "../../locales/backup";
import { Button } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Facts, Section } from "../../ui/Facts";
import { bytes } from "../../ui/format";
import { Status } from "../../ui/mark";
import { Time } from "../../ui/Time";
import { toast } from "../../ui/Toast";
import { ReplicaDialog, TargetDialog } from "./PlaceDialog";
import { momentsQuery, refreshBackup } from "./queries";

const words = b.where;
const second = b.second;

interface OffProps {
  settings: ReplicaSettings;
  of: "replica" | "target";
  words: { offTitle: string; offLead: string; offDone: string };
  onClose: () => void;
}

/** Asks before nothing is sent to a place any more. */
function Off({ settings, of, words: asked, onClose }: OffProps) {
  const save = api.useMutation("patch", "/api/v1/backup/settings", {
    onSuccess: () => {
      toast({ title: asked.offDone });
      onClose();
      return refreshBackup();
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() =>
        save.mutate({
          params: { header: ifMatch(settings.rev) },
          body: of === "replica" ? { replica: { url: "" } } : { target: { url: "" } },
        })
      }
      title={asked.offTitle}
      lead={asked.offLead}
      action={b.where.off}
      busy={save.isPending}
    >
      <FormProblem
        error={save.error}
        onReload={() => {
          void refreshBackup();
          onClose();
        }}
      />
    </Confirm>
  );
}

interface ChangeProps {
  /** Undefined: it cannot be turned off here. */
  onOff: (() => void) | undefined;
  onChange: () => void;
}

function Change({ onOff, onChange }: ChangeProps) {
  return (
    <>
      {onOff && (
        <Button size="small" kind="quiet" onClick={onOff}>
          {words.off}
        </Button>
      )}
      <Button size="small" onClick={onChange}>
        {words.change}
      </Button>
    </>
  );
}

const Address = ({ url }: { url: string }) => (
  <span className="flex flex-wrap gap-x-2">
    {b.place.kinds[kindOf(url)]} <code className="min-w-0 break-all">{url}</code>
  </span>
);

/** What the replica takes now, and what it will once it is as old as it is kept. */
function sizeOf(
  { bytes: now, expected_bytes: then }: Listed,
  { retention_days: days }: ReplicaSettings,
): string {
  const later = then > 0 ? words.sizeThen(bytes(then), t.ui.days(days)) : words.sizeUnknown;
  return `${words.sizeNow(bytes(now))}, ${later}`;
}

interface WhereProps {
  state: BackupState;
  settings: ReplicaSettings;
  /** The form is asked for, here or at the top of the page. */
  choosing: boolean;
  onChoosing: (choosing: boolean) => void;
}

interface PlaceProps {
  state: BackupState;
  settings: ReplicaSettings;
  sizes: Listed | undefined;
}

function Place({ state, settings, sizes }: PlaceProps) {
  return (
    <>
      <Facts
        facts={[
          [words.place, <Address key="a" url={settings.replica.url} />],
          [words.instance, state.instance && <code key="i">{state.instance}</code>],
          [words.kept, t.ui.days(settings.retention_days)],
          [words.size, sizes && sizeOf(sizes, settings)],
        ]}
      />
      {state.fixed && <p className="mt-2 text-sm text-muted">{words.fixed}</p>}
    </>
  );
}

/** Where the replica is, for how long it keeps every moment, and what that takes. */
export function Where({ state, settings, choosing, onChoosing }: WhereProps) {
  const [ending, setEnding] = useState(false);
  const on = settings.replica.url !== "";
  const sizes = useQuery({ ...momentsQuery(), enabled: on && state.state !== "off" }).data;
  return (
    <>
      {on && (
        <Section
          title={words.title}
          end={
            <Change
              onOff={state.fixed ? undefined : () => setEnding(true)}
              onChange={() => onChoosing(true)}
            />
          }
        >
          <Place state={state} settings={settings} sizes={sizes} />
        </Section>
      )}
      {choosing && (
        <ReplicaDialog
          settings={settings}
          fixed={state.fixed}
          expected={sizes?.expected_bytes ?? 0}
          onClose={() => onChoosing(false)}
        />
      )}
      {ending && <Off of="replica" settings={settings} words={words} onClose={() => setEnding(false)} />}
    </>
  );
}

function LastCopy({ copy }: { copy: Drill | undefined }) {
  if (!copy) return second.lastNone;
  if (copy.passed) return <Time at={copy.at} ago />;
  return (
    <Status look="failed">
      <Time at={copy.at} ago /> {second.lastFailed}
    </Status>
  );
}

function SendNow() {
  const [job, setJob] = useState<Job>();
  const send = api.useMutation("post", "/api/v1/backup/copies", {
    onSuccess: setJob,
    onError: (error) => toastProblem(second.sendFailed, error),
  });
  return (
    <>
      <Button size="small" busy={send.isPending} onClick={() => send.mutate({})}>
        {second.send}
      </Button>
      {job && (
        <JobDialog
          job={job}
          title={second.sending}
          onClose={() => setJob(undefined)}
          onDone={() => {
            setJob(undefined);
            toast({ look: "done", title: second.sent });
            void refreshBackup();
          }}
        />
      )}
    </>
  );
}

interface SecondProps {
  on: boolean;
  settings: ReplicaSettings;
  drills: readonly Drill[];
}

/** The second place: where it is, how often a copy goes there, and when one did last. */
export function Second({ on, settings, drills }: SecondProps) {
  const [asking, setAsking] = useState<"place" | "off">();
  const set = settings.target.url !== "";
  const close = () => setAsking(undefined);
  return (
    <Section
      title={second.title}
      end={
        set && (
          <>
            <Change onOff={() => setAsking("off")} onChange={() => setAsking("place")} />
            {on && <SendNow />}
          </>
        )
      }
    >
      <p className="mb-3 max-w-160 text-muted">{second.lead}</p>
      {set ? (
        <Facts
          facts={[
            [words.place, <Address key="a" url={settings.target.url} />],
            [second.everyFact, second.everyDays(settings.target_days)],
            [second.keepFact, second.copies(settings.target_keep)],
            [second.last, <LastCopy key="l" copy={drills.find(({ kind }) => kind === "copy")} />],
          ]}
        />
      ) : (
        <Button onClick={() => setAsking("place")}>{second.set}</Button>
      )}
      {asking === "place" && <TargetDialog settings={settings} onClose={close} />}
      {asking === "off" && <Off of="target" settings={settings} words={second} onClose={close} />}
    </Section>
  );
}
