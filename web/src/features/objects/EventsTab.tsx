import { useQuery } from "@tanstack/react-query";

import { Loaded } from "../../layout/Loaded";
import { o } from "../../locales/objects";
import { Banner } from "../../ui/Banner";
import { Empty } from "../../ui/Empty";
import { when } from "../../ui/format";
import { Status } from "../../ui/mark";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { eventsQuery } from "./object";
import type { PartProps } from "./ObjectPage";
import { RefLink } from "./RefLink";
import type { EventLine } from "./types";

const columnsOf = ({ place }: PartProps): Column<EventLine>[] => [
  {
    key: "reason",
    head: o.object.reason,
    phone: "name",
    cell: ({ type, reason }) => <Status look={type === "Normal" ? "ok" : "warning"}>{reason}</Status>,
  },
  {
    key: "object",
    head: o.cells.object,
    from: "lg",
    cell: ({ ref }) =>
      ref.name === place.name && ref.kind === place.kind ? null : (
        <RefLink kind cluster={place.cluster} to={ref} />
      ),
  },
  {
    key: "message",
    head: o.cells.message,
    phone: "sub",
    cell: ({ message }) => <span className="whitespace-normal">{message}</span>,
  },
  { key: "count", head: o.cells.count, num: true, cell: ({ count }) => (count > 1 ? `×${count}` : "") },
  { key: "last", head: o.cells.last, num: true, phone: "end", cell: ({ last_at }) => <Time at={last_at} /> },
];

/** What happened to an object and to what it made, newest first. */
export function EventsTab(props: PartProps) {
  const { data, error, isPending, refetch } = useQuery(eventsQuery(props.place));
  return (
    <Loaded
      of={{ error: data ? null : error, loading: isPending, retry: () => void refetch() }}
      failed={o.object.eventsFailed}
    >
      {data?.stale_since && (
        <Banner className="mb-4" look="stale" title={o.object.stale(when(data.stale_since, Date.now()))} />
      )}
      {data && data.items.length > 0 ? (
        <Table
          label={o.object.tabs.events}
          columns={columnsOf(props)}
          rows={data.items}
          id={(row) => `${row.reason} ${row.message} ${row.last_at} ${row.ref.name}`}
        />
      ) : (
        <Empty title={o.object.noEvents}>{o.object.noEventsWhy}</Empty>
      )}
      {data && data.left_out > 0 && (
        <p className="mt-3 text-sm text-muted">{o.object.leftOut(data.left_out)}</p>
      )}
    </Loaded>
  );
}
