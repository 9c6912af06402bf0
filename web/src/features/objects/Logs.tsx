import "./objects.css";

import { Download, RotateCw } from "lucide-react";
import { useState } from "react";

import { base } from "../../api/client";
import { fileHref } from "../../api/tenant";
import { o } from "../../locales/objects";
import { Button, buttonClass } from "../../ui/Button";
import { Select } from "../../ui/Field";
import { type Look, looks, Mark, Status } from "../../ui/mark";
import { LogView } from "../../ui/LogView";
import { Popover } from "../../ui/Popover";
import { Chip } from "../../ui/Segmented";
import { type LogQuery, logParams, type LogSource, type LogState, nameOf, useLogs } from "./logs";

const spans = [0, 60, 300, 900, 3600, 21_600, 86_400] as const;

const looksOf: Record<LogSource["state"], Look> = {
  open: looks.up,
  waiting: looks.pending,
  broken: looks.stale,
  ended: looks.done,
  failed: looks.failed,
};

function Sources({ sources }: { sources: readonly LogSource[] }) {
  const bad = sources.filter(({ state }) => state === "failed" || state === "broken");
  const shown = [...bad, ...sources.filter((each) => !bad.includes(each))];
  return (
    <ul className="object-log-sources">
      {shown.map((source) => (
        <li key={source.s}>
          <Status look={looksOf[source.state]}>{o.logs.states[source.state]}</Status>
          <span className="min-w-0">
            <span className="mono">{nameOf(source, false)}</span>
            {source.reason && <span className="block text-sm text-muted">{source.reason}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}

function State({ state, again }: { state: LogState; again: () => void }) {
  const { is, why, sources, dropped } = state;
  const bad = sources.filter((each) => each.state === "failed" || each.state === "broken").length;
  const open = sources.filter((each) => each.state === "open").length;
  return (
    <>
      <Popover
        label={o.logs.sources}
        trigger={
          <button type="button" className="btn small quiet">
            <Mark {...(bad > 0 ? looks.warning : is === "open" ? looks.up : looks.pending)} />
            {is === "connecting" ? o.logs.connecting : o.logs.open(open, sources.length)}
            {bad > 0 && `, ${o.logs.bad(bad)}`}
          </button>
        }
      >
        <Sources sources={sources} />
      </Popover>
      {dropped > 0 && <Status look="warning">{o.logs.dropped(dropped)}</Status>}
      {(is === "ended" || is === "lost") && (
        <Button
          size="small"
          title={why}
          icon={<RotateCw className="icon" aria-hidden="true" />}
          onClick={again}
        >
          {is === "ended" ? o.logs.ended : o.logs.lost}
        </Button>
      )}
    </>
  );
}

interface LogsProps {
  label: string;
  of: readonly string[];
  /** Names of containers, if they are known beforehand. */
  containers?: readonly string[];
}

/** The logs of one or several: followed, since when, of which container, of the run before. */
export function Logs({ label, of, containers = [] }: LogsProps) {
  const [container, setContainer] = useState("");
  const [since, setSince] = useState(0);
  const [previous, setPrevious] = useState(false);
  const query: LogQuery = { of, container, since, previous };
  const { buffer, state, again } = useLogs(query);
  const known = [
    ...new Set([...containers, ...state.sources.flatMap((each) => each.container ?? []), container]),
  ].filter(Boolean);
  const download = fileHref(`${base}/clusters/logs/download?${logParams(query).toString()}&timestamps=true`);
  return (
    <LogView
      label={label}
      buffer={buffer}
      named={state.sources.length > 1}
      state={<State state={state} again={again} />}
    >
      {(known.length > 1 || container) && (
        <Select
          bare
          label={o.blocks.container}
          value={container}
          onChange={(event) => setContainer(event.target.value)}
        >
          <option value="">{o.logs.all}</option>
          {known.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </Select>
      )}
      <Select
        bare
        label={o.logs.since}
        value={String(since)}
        onChange={(event) => setSince(Number(event.target.value))}
      >
        {spans.map((n) => (
          <option key={n} value={n}>
            {o.logs.spans[n]}
          </option>
        ))}
      </Select>
      <Chip pressed={previous} onPress={setPrevious}>
        {o.logs.previous}
      </Chip>
      <a className={buttonClass({ kind: "quiet", size: "small" })} href={download} download>
        <Download className="icon" aria-hidden="true" />
        {o.logs.download}
      </a>
    </LogView>
  );
}
