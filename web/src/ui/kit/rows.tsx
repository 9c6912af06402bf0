import { useCallback, useEffect, useMemo, useRef, useState } from "react";

import { BulkBar } from "../BulkBar";
import { Button } from "../Button";
import { ColumnMenu, useHidden } from "../columns";
import { Empty } from "../Empty";
import { Section } from "../Facts";
import { Status } from "../mark";
import type { Sort } from "../table-model";
import { Time } from "../Time";
import { VirtualTable, type WideColumn } from "../VirtualTable";

interface Pod {
  id: string;
  name: string;
  namespace: string;
  bad: boolean;
  restarts: number;
  node: string;
  born: number;
}

const start = Date.now();

const pod = (n: number, restarts = 0): Pod => ({
  id: String(n),
  name: `checkout-7d9f8b6c5-${n.toString(36).padStart(5, "0")}`,
  namespace: `team-${n % 17}`,
  bad: n % 41 === 7,
  restarts,
  node: `k3s-worker-${n % 200}`,
  born: start - n * 7000,
});

const columns: WideColumn<Pod>[] = [
  {
    key: "state",
    head: "State",
    phone: "state",
    width: "7rem",
    sort: () => 0,
    cell: (row) => <Status look={row.bad ? "critical" : "up"}>{row.bad ? "Crash loop" : "Running"}</Status>,
  },
  {
    key: "name",
    head: "Name",
    phone: "name",
    sort: () => 0,
    cell: (row) => (
      <a href="#kit" title={row.name} tabIndex={-1}>
        {row.name}
      </a>
    ),
  },
  {
    key: "namespace",
    head: "Namespace",
    phone: "sub",
    width: "minmax(5rem, 1fr)",
    cell: (row) => row.namespace,
  },
  { key: "node", head: "Node", from: "lg", cell: (row) => <span className="mono">{row.node}</span> },
  { key: "restarts", head: "Restarts", num: true, width: "5rem", sort: () => 0, cell: (row) => row.restarts },
  {
    key: "born",
    head: "Age",
    num: true,
    phone: "end",
    width: "4.5rem",
    cell: (row) => <Time at={row.born} />,
  },
];

// As a page does: windows of a hundred rows, each a moment after it was asked for.
function useWindows(total: number, desc: boolean) {
  const kept = useRef(new Map<number, Pod[]>());
  const [, draw] = useState(0);
  const asked = useRef(new Set<number>());
  const onRange = useCallback(
    (first: number, last: number) => {
      for (let at = Math.floor(first / 100); at * 100 < last; at++) {
        if (asked.current.has(at)) continue;
        asked.current.add(at);
        setTimeout(() => {
          const from = at * 100;
          const number = (i: number) => (desc ? total - 1 - from - i : from + i);
          kept.current.set(
            at,
            Array.from({ length: Math.min(100, total - from) }, (_, i) => pod(number(i))),
          );
          draw((n) => n + 1);
        }, 60);
      }
    },
    [total, desc],
  );
  const row = useCallback((index: number) => kept.current.get(Math.floor(index / 100))?.[index % 100], []);
  const clear = () => {
    kept.current.clear();
    asked.current.clear();
  };
  // One of them changes twice a second, in place.
  useEffect(() => {
    const timer = setInterval(() => {
      const page = kept.current.get(0);
      const third = page?.[2];
      if (!page || !third) return;
      kept.current.set(0, page.with(2, { ...third, restarts: third.restarts + 1 }));
      draw((n) => n + 1);
    }, 500);
    return () => clearInterval(timer);
  }, []);
  return { row, onRange, clear };
}

/** Rows known by number only: fetched, changing, hidden columns, selected, none. */
export function Rows() {
  const [shown, setShown] = useState(false);
  const [sort, setSort] = useState<Sort>({ by: "name", desc: false });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set(["3", "4"]));
  const [hidden, show] = useHidden("kit-columns");
  const [open, setOpen] = useState("6");
  const total = shown ? 30_000 : 12;
  const { row, onRange, clear } = useWindows(total, sort.desc);
  const all = useMemo(() => new Set(Array.from({ length: total }, (_, i) => String(i))), [total]);
  return (
    <>
      <Section
        className="mt-8"
        title="Rows by number"
        count={total}
        end={
          <>
            <ColumnMenu columns={columns} hidden={hidden} show={show} />
            <Button
              size="small"
              onClick={() => {
                clear();
                setShown(!shown);
              }}
            >
              {shown ? "A few rows" : "30,000 pods"}
            </Button>
          </>
        }
      >
        <VirtualTable
          key={`${total} ${sort.desc}`}
          label="Pods by number"
          columns={columns}
          total={total}
          row={row}
          onRange={onRange}
          id={(one) => one.id}
          name={(one) => one.name}
          sort={sort}
          onSort={(next) => {
            clear();
            setSort(next);
          }}
          selected={selected}
          onSelect={setSelected}
          onSelectAll={() => setSelected(all)}
          hidden={hidden}
          active={open}
          onOpen={(one) => setOpen(one.id)}
        />
        {shown && (
          <BulkBar count={selected.size} onClear={() => setSelected(new Set())}>
            <Button size="small">Restart</Button>
          </BulkBar>
        )}
      </Section>
      <div className="mt-8 grid gap-8 md:grid-cols-2">
        <Section title="Rows being fetched">
          <VirtualTable
            label="Pods being fetched"
            columns={columns.slice(0, 3)}
            total={4}
            row={() => undefined}
            onRange={() => undefined}
            id={(one) => one.id}
          />
        </Section>
        <Section title="No rows" className="mt-0!">
          <VirtualTable
            label="No pods"
            columns={columns.slice(0, 3)}
            total={0}
            row={() => undefined}
            onRange={() => undefined}
            id={(one) => one.id}
            empty={
              <Empty title="None of 30,000 pods match" action={<Button>Clear filters</Button>}>
                Filters: state Pending, “zfs”
              </Empty>
            }
          />
        </Section>
      </div>
    </>
  );
}
