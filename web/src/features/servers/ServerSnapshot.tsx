import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { Camera, Search } from "lucide-react";
import { useState } from "react";

import { Problem } from "../../api/errors";
import type { Snapshot } from "../../api/types";
import { ProblemPage } from "../../layout/Problem";
import { t } from "../../locales";
import { Empty, Skeleton } from "../../ui/Empty";
import { Facts } from "../../ui/Facts";
import { number } from "../../ui/format";
import { Segmented } from "../../ui/Segmented";
import { Input, Select } from "../../ui/Field";
import { Table } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { type Section, sections } from "./search";
import { serverSnapshotSections } from "./sections";
import { snapshotQuery } from "./queries";
import { useServer } from "./ServerPage";

const route = getRouteApi("/shell/servers/$id/snapshot");

function Rows({ snapshot, section }: { snapshot: Snapshot; section: Section }) {
  const [q, setQ] = useState("");
  const shown = serverSnapshotSections(snapshot)[section];
  if (shown.facts) return <Facts className="max-w-160" facts={shown.facts} />;
  const { rows, columns, sort, text } = shown;
  const label = t.servers.snapshot[section];
  const words = q.toLowerCase().split(/\s+/);
  const found = q
    ? rows.filter((row) => words.every((word) => text(row).toLowerCase().includes(word)))
    : rows;
  return (
    <>
      {rows.length > 12 && (
        <Input
          bare
          data-filter
          className="mb-2 max-w-70"
          label={t.servers.snapshot.filter(label)}
          placeholder={t.servers.snapshot.filter(label)}
          icon={<Search className="icon" aria-hidden="true" />}
          end={<span className="text-sm text-faint">{number(found.length)}</span>}
          value={q}
          onChange={(event) => setQ(event.target.value)}
        />
      )}
      <Table
        key={section}
        dense
        fit
        label={label}
        columns={columns}
        rows={found}
        id={(row) => row.key}
        sort={sort}
        empty={
          <Empty
            title={rows.length === 0 ? t.servers.snapshot.nothing(label) : t.servers.snapshot.nothingLeft}
          />
        }
      />
    </>
  );
}

/** What the machine is made of and what runs on it, as the last snapshot found it. */
export function ServerSnapshot() {
  const id = useServer()?.id ?? "";
  const { section = "hardware" } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error, refetch } = useQuery({ ...snapshotQuery(id), enabled: id !== "" });
  if (error instanceof Problem && error.status === 404) {
    return (
      <Empty icon={<Camera className="icon" aria-hidden="true" />} title={t.servers.snapshot.none}>
        {t.servers.snapshot.noneWhy}
      </Empty>
    );
  }
  if (error) return <ProblemPage error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton label={t.ui.loading} lines={8} />;
  const choose = (next: Section) =>
    void navigate({ search: next === "hardware" ? {} : { section: next }, replace: true });
  const options = sections.map((value) => ({ value, label: t.servers.snapshot[value] }));
  return (
    <>
      <div className="head mb-4 flex-wrap">
        <div className="max-md:hidden">
          <Segmented
            label={t.servers.snapshot.sections}
            value={section}
            onChange={choose}
            options={options}
          />
        </div>
        <Select
          bare
          className="flex-1 md:hidden"
          label={t.servers.snapshot.sections}
          value={section}
          onChange={(event) => choose(event.target.value as Section)}
        >
          {options.map(({ value, label }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
        <span className="ml-auto text-sm text-muted">
          {t.servers.snapshot.taken("")}
          <Time ago at={data.taken_at} />
        </span>
      </div>
      <Rows key={section} snapshot={data} section={section} />
    </>
  );
}
