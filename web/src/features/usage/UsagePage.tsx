import { Gauge } from "lucide-react";

import { api } from "../../api/client";
import type { Usage } from "../../api/types";
import { useMay, useMe } from "../../api/may";
import { Loaded } from "../../layout/Loaded";
import { SettingsPage } from "../../layout/SettingsPage";
import { fill, fullLook, room, usageText } from "../../layout/usage";
import { usage as usageWords } from "../../locales/tenants";
import { Empty } from "../../ui/Empty";
import { percent } from "../../ui/format";
import { looks, Status } from "../../ui/mark";
import { Meter } from "../../ui/Meter";
import { type Column, Table } from "../../ui/Table";

const words = usageWords;

const kindOf = ({ kind }: Usage) => words.kinds[kind] ?? kind;

function Full({ usage }: { usage: Usage }) {
  const ratio = fill(usage);
  if (ratio === null) return null;
  const tone = fullLook(usage)?.tone;
  return (
    <Meter
      ratio={ratio}
      tone={tone === "warn" || tone === "critical" ? tone : undefined}
      wide
      label={words.full(kindOf(usage), percent(ratio))}
    />
  );
}

const limitOf = ({ kind, limit }: Usage) => (limit === null ? words.free : usageText(kind, limit));

const columns: Column<Usage>[] = [
  {
    key: "state",
    head: words.state,
    phone: "state",
    cell: (usage) => <Status look={fullLook(usage) ?? looks.ok}>{words.states[room(usage)]}</Status>,
  },
  {
    key: "kind",
    head: words.kind,
    phone: "name",
    cell: (usage) => <span className="font-medium">{kindOf(usage)}</span>,
  },
  {
    key: "sub",
    head: "",
    onlyPhone: true,
    phone: "sub",
    cell: (usage) =>
      usage.limit === null
        ? usageText(usage.kind, usage.used)
        : words.of(usageText(usage.kind, usage.used), limitOf(usage)),
  },
  { key: "used", head: words.used, num: true, cell: ({ kind, used }) => usageText(kind, used) },
  {
    key: "limit",
    head: words.limit,
    num: true,
    cell: (usage) => <span className="text-muted">{limitOf(usage)}</span>,
  },
  {
    key: "meter",
    head: "",
    phone: "end",
    cell: (usage) => (
      <span className="inline-block w-40 align-middle max-md:w-20">
        <Full usage={usage} />
      </span>
    ),
  },
];

/** How much there is here, and how much there may be. */
export function UsagePage() {
  const sets = useMay("tenants.write");
  const many = useMe()?.multi_tenancy;
  const { data, error, isPending, refetch } = api.useQuery(
    "get",
    "/api/v1/usage",
    {},
    { refetchOnMount: "always" },
  );
  const dropped = data?.items.reduce((sum, each) => sum + each.dropped, 0) ?? 0;
  return (
    <SettingsPage title={words.title} lead={words.lead}>
      <Loaded of={{ error, loading: isPending, retry: () => void refetch() }} failed={words.loadFailed}>
        <div className="max-w-200">
          <Table
            label={words.title}
            columns={columns}
            rows={data?.items ?? []}
            id={(usage) => usage.kind}
            empty={<Empty icon={<Gauge className="icon" aria-hidden="true" />} title={words.empty} />}
          />
          {dropped > 0 && <p className="mt-4 text-sm text-muted">{words.dropped(dropped)}</p>}
          {(many || !sets) && (
            <p className="mt-4 text-sm text-muted">{sets ? words.moreAdmin : words.more}</p>
          )}
        </div>
      </Loaded>
    </SettingsPage>
  );
}
