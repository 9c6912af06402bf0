import { Ellipsis } from "lucide-react";
import { useState } from "react";

import { api } from "../../api/client";
import type { BackupState } from "./types";
import { toastProblem } from "../../layout/Problem";
import { b } from "../../locales/backup";
import { Button, IconButton } from "../../ui/Button";
import { Code } from "../../ui/Code";
import { Facts } from "../../ui/Facts";
import { duration, milliseconds, when } from "../../ui/format";
import { type Look, looks, Mark, Status as Word } from "../../ui/mark";
import { Menu, MenuItem } from "../../ui/Menu";
import { Time } from "../../ui/Time";
import { toast } from "../../ui/Toast";
import { useKeeper, refreshBackup } from "./queries";
import { Renew } from "./Renew";
import "./backup.css";

const words = b;

const faces: Record<BackupState["state"], Look> = {
  off: looks.warning,
  beginning: looks.running,
  following: looks.ok,
  failing: looks.critical,
};

// What only a new replica mends.
const beyond = ["replica.unsafe", "replica.held", "replica.lost", "drill.differs", "replica.damaged"];

const codeOf = ({ code, last_drill: drill }: BackupState) =>
  code ?? (drill && !drill.passed ? drill.code : undefined);

function SyncNow() {
  const sync = api.useMutation("post", "/api/v1/backup/sync", {
    onSuccess: () => toast({ look: "done", title: words.synced }),
    onError: (error) => toastProblem(words.syncFailed, error),
    onSettled: () => refreshBackup(),
  });
  return (
    <Button size="small" busy={sync.isPending} onClick={() => sync.mutate({})}>
      {words.tryNow}
    </Button>
  );
}

function Actions({ state }: { state: BackupState }) {
  const [renewing, setRenewing] = useState(false);
  const needed = beyond.includes(codeOf(state) ?? "");
  return (
    <div className="row ml-auto">
      <SyncNow />
      {needed ? (
        <Button size="small" onClick={() => setRenewing(true)}>
          {words.renew}
        </Button>
      ) : (
        <Menu
          trigger={
            <IconButton size="small" kind="default" label={words.more}>
              <Ellipsis className="icon" />
            </IconButton>
          }
        >
          <MenuItem onSelect={() => setRenewing(true)}>{words.renew}</MenuItem>
        </Menu>
      )}
      {renewing && <Renew onClose={() => setRenewing(false)} />}
    </div>
  );
}

/** What is wrong, in a sentence that says what to do. */
function Wrong({ state }: { state: BackupState }) {
  if (!state.error) return null;
  return (
    <p className="mt-1">
      {state.error} {state.code && <Code code={state.code} />}
    </p>
  );
}

function Behind({ state, asked }: { state: BackupState; asked: number }) {
  if (state.state !== "following") return <Time at={state.synced_at} ago />;
  const seconds = state.lag_seconds;
  return (
    <>
      {seconds < 1 ? words.lag.none : duration(seconds)}
      <span className="text-faint">
        , {words.asked} <Time at={asked} ago />
      </span>
    </>
  );
}

/** When a backup was last proved to be one. */
function Proof({ state: { proved_at: at, last_drill: last } }: { state: BackupState }) {
  const failed = last && !last.passed;
  if (!at)
    return (
      <Word look="warning">
        {words.neverProved}
        {failed && ` · ${words.lastFailed}`}
      </Word>
    );
  return (
    <span className="flex flex-wrap gap-x-2">
      <span>
        <Time at={at} ago />
        {last?.passed ? `: ${words.proved(milliseconds(last.millis))}` : ` ${words.provedBy}`}
      </span>
      {failed && <Word look="failed">{words.lastFailed}</Word>}
    </span>
  );
}

const short = (position: string) => position.replace(/^0{1,12}/, "");

function Positions({ state: { local_position: here, remote_position: there } }: { state: BackupState }) {
  if (here === there)
    return (
      <>
        <code title={here}>{short(here)}</code> {words.both}
      </>
    );
  return (
    <>
      <code title={here}>{short(here)}</code> {words.here}, <code title={there}>{short(there)}</code>{" "}
      {words.there}
    </>
  );
}

interface StatusProps {
  state: BackupState;
  /** When the server said so. */
  asked: number;
  /** Opens the form that chooses a place. */
  onChoose: () => void;
}

/** Whether everything is in the replica, how one knows, and what to do if it is not. */
export function Status({ state, asked, onChoose }: StatusProps) {
  const keeper = useKeeper();
  const { shape, tone } = faces[state.state];
  const off = state.state === "off";
  return (
    <section className="backup-state" aria-label={words.title}>
      <div className={`what ${tone}`}>
        <Mark shape={shape} tone={tone} />
        <div className="said" role={state.state === "failing" ? "alert" : "status"}>
          <h2>
            {words.states[state.state]}
            {state.failing_since && (
              <span className="text-muted">
                {" "}
                {words.failingSince} {when(state.failing_since, Date.now())}
              </span>
            )}
          </h2>
          <p className="text-muted">{words.says[state.state]}</p>
          <Wrong state={state} />
        </div>
        {keeper && !off && <Actions state={state} />}
        {keeper && off && (
          <Button kind="primary" onClick={onChoose}>
            {words.choose}
          </Button>
        )}
      </div>
      {!off && (
        <Facts
          facts={[
            [
              state.state === "following" ? words.behind : words.lastSynced,
              state.synced_at ? <Behind key="b" state={state} asked={asked} /> : words.notYet,
            ],
            [words.positions, state.local_position && <Positions key="p" state={state} />],
            [words.since, state.since && <Time key="s" at={state.since} />],
            [words.proof, <Proof key="proof" state={state} />],
          ]}
        />
      )}
    </section>
  );
}
