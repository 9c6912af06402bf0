import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { useList } from "../../api/list";
import type { Delivery } from "../../api/types";
import { ProblemPage } from "../../layout/Problem";
import { useUrl } from "../../layout/useUrl";
import { t } from "../../locales";
import { channels as channelsWords } from "../../locales/channels";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Empty, Skeleton } from "../../ui/Empty";
import { Section } from "../../ui/Facts";
import { exact, when } from "../../ui/format";
import { Status } from "../../ui/mark";
import { Segmented } from "../../ui/Segmented";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";

const words = channelsWords.delivery;
const views = ["all", "failed", "queued"] as const;

const answer = (delivery: Delivery): string => {
  const last = delivery.attempts[delivery.attempts.length - 1]?.message ?? "";
  return delivery.state === "queued" && delivery.attempts.length > 0
    ? `${last} · ${words.next(when(delivery.next_at, Date.now()))}`
    : last;
};

function columns(onShow: (delivery: Delivery) => void): Column<Delivery>[] {
  return [
    {
      key: "state",
      head: words.state,
      phone: "state",
      cell: (each) => <Status look={each.state}>{words.states[each.state]}</Status>,
    },
    {
      key: "channel",
      head: words.channel,
      phone: "name",
      cell: (each) => (
        <button type="button" className="hover:underline" title={words.show} onClick={() => onShow(each)}>
          {each.channel_name}
        </button>
      ),
    },
    {
      key: "event",
      head: words.event,
      cell: (each) =>
        each.alert_id ? (
          <Link className="link" to={paths.alert(each.alert_id)}>
            {words.events[each.event]}
          </Link>
        ) : (
          <span className="text-muted">{words.events[each.event]}</span>
        ),
    },
    {
      key: "tries",
      head: words.attempts,
      num: true,
      from: "lg",
      cell: (each) => <span className="text-muted">{each.attempts.length}</span>,
    },
    {
      key: "answer",
      head: words.message,
      phone: "sub",
      cell: (each) => (
        <span className="block max-w-80 clip text-muted" title={answer(each)}>
          {answer(each)}
        </span>
      ),
    },
    {
      key: "at",
      head: words.at,
      num: true,
      phone: "end",
      cell: (each) => <Time at={each.sent_at ?? each.created_at} ago className="text-muted" />,
    },
  ];
}

function Tries({ delivery, onClose }: { delivery: Delivery; onClose: () => void }) {
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={words.detail(delivery.channel_name)}
      lead={`${words.events[delivery.event]}, ${exact(delivery.created_at)}`}
      foot={
        <>
          {delivery.alert_id && (
            <Link className={buttonClass()} to={paths.alert(delivery.alert_id)}>
              {words.alert}
            </Link>
          )}
          <Button onClick={onClose}>{t.ui.close}</Button>
        </>
      }
    >
      <ol className="steps tall">
        {delivery.attempts.map((attempt) => (
          <li key={attempt.at}>
            <Status look={attempt.ok ? "sent" : "failed"}>{attempt.ok ? words.ok : words.bad}</Status>
            <span className="min-w-0 flex-1">{attempt.message}</span>
            <time dateTime={attempt.at}>{exact(attempt.at)}</time>
          </li>
        ))}
      </ol>
    </Dialog>
  );
}

/** What was sent, what waits, and what receivers said. */
export function Deliveries() {
  const [url, setUrl] = useUrl();
  const [shown, setShown] = useState<Delivery>();
  const view = views.find((each) => each === url.get("deliveries")) ?? "all";
  const list = useList<Delivery>("/api/v1/deliveries", { state: view === "all" ? undefined : view });
  return (
    <Section
      title={words.title}
      end={
        <Segmented
          label={words.view}
          value={view}
          onChange={(next) => setUrl({ deliveries: next === "all" ? undefined : next })}
          options={views.map((value) => ({ value, label: words.views[value] }))}
        />
      }
    >
      {list.error && <ProblemPage error={list.error} onRetry={list.retry} />}
      {list.loading && <Skeleton label={t.ui.loading} />}
      {!list.error && !list.loading && (
        <Table
          label={words.title}
          columns={columns(setShown)}
          rows={list.rows}
          id={(each) => each.id}
          onEnd={list.more}
          empty={<Empty title={view === "all" ? words.empty : words.none} />}
        />
      )}
      {shown && <Tries delivery={shown} onClose={() => setShown(undefined)} />}
    </Section>
  );
}
