import { Link, useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";

import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";
import type { Moments as Listed } from "./types";
import { JobDialog } from "../../layout/JobDialog";
import { Loaded } from "../../layout/Loaded";
import { toastProblem } from "../../layout/Problem";
import { useUrl } from "../../layout/useUrl";
import { b } from "../../locales/backup";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Section } from "../../ui/Facts";
import { Input } from "../../ui/Field";
import { clock, day, exact } from "../../ui/format";
import { instant } from "../../ui/zone";
import { momentsQuery, refreshBackup } from "./queries";
import { Strip } from "./Strip";
import { allOf, type Cell, cellsOf, dayOf, hourOf, type Span, toField, unitOf } from "./timeline";

const words = b.moments;
const second = 1000;

/** The span that the address says, or all there is. */
function spanOf(url: URLSearchParams, all: Span): Span {
  const [from, to] = [Number(url.get("from")), Number(url.get("to"))];
  return from > 0 && to > from ? { from, to } : all;
}

interface CrumbsProps {
  span: Span;
  all: Span;
  onZoom: (span: Span | undefined) => void;
}

/** The way out of a zoom. */
function Crumbs({ span, all, onZoom }: CrumbsProps) {
  const zoomed = span.from !== all.from || span.to !== all.to;
  const unit = unitOf(span);
  const ofDay = dayOf(span.from);
  const within = unit === "days" ? undefined : ofDay;
  return (
    <div className="row flex-wrap text-sm" role="group" aria-label={words.strip}>
      {zoomed && (
        <Button size="small" kind="quiet" onClick={() => onZoom(undefined)}>
          {words.all}
        </Button>
      )}
      {within && unit === "minutes" && (
        <Button size="small" kind="quiet" onClick={() => onZoom(within)}>
          {day(within.from)}
        </Button>
      )}
      <span className="text-muted">
        {unit === "days" && words.between(day(span.from), day(span.to - 1))}
        {unit === "hours" && day(span.from)}
        {unit === "minutes" && words.between(clock(span.from), clock(span.to))}
      </span>
    </div>
  );
}

function Legend() {
  return (
    <p className="moments-legend text-sm text-muted" aria-hidden="true">
      <span className="some" /> {words.momentLegend}
      <span className="whole" /> {words.wholeLegend}
      <span className="none" /> {words.noneLegend}
    </p>
  );
}

interface ChooserProps {
  listed: Listed;
  at: number;
  onAt: (ms: number) => void;
}

/** An exact time, and the way to look at it. */
function Chooser({ listed, at, onAt }: ChooserProps) {
  const router = useRouter();
  const look = api.useMutation("post", "/api/v1/backup/restore-preview", {
    onError: (error) => toastProblem(words.lookFailed, error),
  });
  const chosen = Number.isFinite(at) ? at : Date.parse(listed.newest!);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // What is chosen to the second means all of that second.
    look.mutate({
      body: { time: new Date(Math.floor(chosen / second) * second + second - 1).toISOString() },
    });
  };
  return (
    <form className="moments-chooser" onSubmit={submit}>
      <Input
        className="when"
        type="datetime-local"
        step={1}
        required
        label={words.exact}
        help={words.exactHelp}
        min={toField(Date.parse(listed.oldest!))}
        value={toField(chosen)}
        onChange={(event) => event.target.value && onAt(instant(event.target.value))}
      />
      <Button type="submit" kind="primary" busy={look.isPending}>
        {words.look}
      </Button>
      {look.data && (
        <JobDialog
          job={look.data}
          title={words.looking(exact(chosen))}
          onClose={look.reset}
          onDone={() => {
            void refreshBackup();
            void router.navigate({ href: paths.backupPreview() });
          }}
        />
      )}
    </form>
  );
}

function Line({ all, listed }: { all: Span; listed: Listed }) {
  const [url, setUrl] = useUrl();
  const [at, setAt] = useState(Number.NaN);
  const span = spanOf(url, all);
  const zoomed = span.from !== all.from || span.to !== all.to;
  const near = useQuery({
    ...momentsQuery(span.from, span.to),
    enabled: zoomed,
    placeholderData: (before: Listed | undefined) => before,
  });
  const cells = cellsOf(span, (zoomed ? near.data : listed)?.items ?? []);
  const zoom = (to: Span | undefined) => setUrl({ from: to && String(to.from), to: to && String(to.to) });
  const unit = unitOf(span);
  const choose = (cell: Cell) => {
    if (cell.last) setAt(Date.parse(cell.last.at));
    if (unit !== "minutes") zoom(unit === "hours" ? hourOf(cell.from) : { from: cell.from, to: cell.to });
  };
  return (
    <div className="grid gap-3">
      <Crumbs span={span} all={all} onZoom={zoom} />
      <Strip cells={cells} unit={unit} chosen={at} onChoose={choose} />
      <Legend />
      <Chooser listed={listed} at={at} onAt={setAt} />
    </div>
  );
}

/** Every moment that can be restored, and the way to look at one. */
export function Moments({ preview }: { preview: string | null }) {
  const { data, error, isPending, refetch } = useQuery({ ...momentsQuery(), refetchOnMount: "always" });
  return (
    <Section
      title={words.title}
      end={
        preview && (
          <Link className={buttonClass({ kind: "quiet", size: "small" })} to={paths.backupPreview()}>
            {words.last}
          </Link>
        )
      }
    >
      <p className="mb-3 max-w-160 text-muted">{words.lead}</p>
      <Loaded of={{ error, loading: isPending, retry: () => void refetch() }} failed={words.loadFailed}>
        {data && data.oldest && data.newest ? (
          <Line all={allOf(data.oldest, data.newest)} listed={data} />
        ) : (
          <p className="text-muted">{words.none}</p>
        )}
      </Loaded>
    </Section>
  );
}
