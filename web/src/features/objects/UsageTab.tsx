import { useQuery } from "@tanstack/react-query";

import { Loaded } from "../../layout/Loaded";
import { o } from "../../locales/objects";
import { Chart } from "../../ui/Chart";
import { Empty } from "../../ui/Empty";
import { Section } from "../../ui/Facts";
import { bytes, bytesAxis } from "../../ui/format";
import { type Column, Table } from "../../ui/Table";
import { cores } from "./columns";
import { usageQuery } from "./object";
import type { PartProps } from "./ObjectPage";
import type { Usage } from "./types";

const quarter = 15 * 60_000;

type Part = Usage["containers"][number];

const columns: Column<Part>[] = [
  { key: "name", head: o.blocks.container, phone: "name", cell: ({ name }) => name },
  { key: "cpu", head: o.columns.cpu, num: true, phone: "sub", cell: ({ cpu_milli }) => cores(cpu_milli) },
  {
    key: "memory",
    head: o.columns.memory,
    num: true,
    phone: "state",
    cell: ({ memory_bytes }) => bytes(memory_bytes),
  },
];

function Charts({ usage, sync }: { usage: Usage; sync: string }) {
  const to = Math.max(Date.now(), usage.points.at(-1)?.at ?? 0);
  const span = { from: to - quarter, to, gap: 180_000, sync };
  const cpu = usage.points.map(({ at, cpu_milli }) => [at, cpu_milli] as const);
  const memory = usage.points.map(({ at, memory_bytes }) => [at, memory_bytes] as const);
  const whole = (n: number | null) => (n === null ? {} : { note: n });
  return (
    <div className="charts">
      <Chart
        title={o.columns.cpu}
        series={[{ label: "", points: cpu }]}
        format={(n) => cores(Math.round(n))}
        {...span}
        note={
          whole(usage.cpu_capacity_milli).note !== undefined &&
          o.usage.of(cores(usage.cpu_capacity_milli ?? 0))
        }
      />
      <Chart
        title={o.columns.memory}
        series={[{ label: "", points: memory }]}
        format={bytes}
        axis={bytesAxis}
        base={1024}
        {...span}
        note={usage.memory_capacity_bytes !== null && o.usage.of(bytes(usage.memory_capacity_bytes))}
      />
    </div>
  );
}

/** What an object used in the last minutes. */
export function UsageTab({ place }: PartProps) {
  const { data, error, isPending, refetch } = useQuery({
    ...usageQuery(place),
    refetchInterval: 15_000, // the cluster measures it as often, and does not say when
  });
  return (
    <Loaded
      of={{ error: data ? null : error, loading: isPending, retry: () => void refetch() }}
      failed={o.usage.failed}
    >
      {data &&
        (data.available ? (
          <>
            {data.pods > 1 && <p className="mb-3 text-muted">{o.usage.pods(data.pods)}</p>}
            <Charts usage={data} sync={`${place.cluster} ${place.name}`} />
            {data.containers.length > 0 && (
              <Section className="mt-8" title={o.usage.containers} count={data.containers.length}>
                <Table
                  fit
                  label={o.usage.containers}
                  columns={columns}
                  rows={data.containers}
                  id={({ name }) => name}
                />
              </Section>
            )}
          </>
        ) : (
          <Empty title={o.usage.none}>{data.reason}</Empty>
        ))}
    </Loaded>
  );
}
