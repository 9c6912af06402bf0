import { Link } from "@tanstack/react-router";

import { o } from "../../locales/objects";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { type Fact, Facts, Section } from "../../ui/Facts";
import { exact } from "../../ui/format";
import { Mark, Status } from "../../ui/mark";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { Blocks } from "./Blocks";
import { Containers } from "./Containers";
import type { PartProps } from "./ObjectPage";
import { RefLink } from "./RefLink";
import type { ObjectLook } from "./types";

type Condition = ObjectLook["conditions"][number];

function factsOf({ place, look }: PartProps): Fact[] {
  const facts = look.facts.map(({ label, value, at, ref, bad }): Fact => {
    const text = at ? <Time ago at={at} /> : ref ? <RefLink cluster={place.cluster} to={ref} /> : value;
    return [
      label,
      bad ? (
        <Status key={label} look="warning">
          {text}
        </Status>
      ) : (
        text
      ),
    ];
  });
  const owners = look.owners.map((owner) => (
    <RefLink key={owner.uid} kind cluster={place.cluster} to={owner} />
  ));
  return [...(owners.length > 0 ? [[o.object.owner, owners] as Fact] : []), ...facts];
}

const conditionColumns: Column<Condition>[] = [
  {
    key: "type",
    head: o.object.condition,
    phone: "name",
    cell: ({ type, good }) => (
      <Status look={good ? "ok" : "warning"}>
        <span className="font-medium">{type}</span>
      </Status>
    ),
  },
  { key: "status", head: o.object.value, phone: "state", cell: ({ status }) => status },
  {
    key: "reason",
    head: o.object.reason,
    phone: "sub",
    cell: ({ reason, message }) => (
      <span className="whitespace-normal text-muted">{[reason, message].filter(Boolean).join(": ")}</span>
    ),
  },
  {
    key: "since",
    head: o.object.since,
    num: true,
    phone: "end",
    cell: ({ since }) => since && <Time at={since} />,
  },
];

function Labels({ place, look }: PartProps) {
  const all = Object.entries(look.labels);
  if (all.length === 0) return null;
  return (
    <Section className="mt-8" title={o.columns.labels} count={all.length}>
      <div className="row flex-wrap gap-1 py-2">
        {all.map(([key, value]) => {
          const part = `${key}=${value}`;
          return (
            <Link
              key={key}
              className="tag object-label"
              title={o.list.filterBy(part)}
              to={paths.objects({ kind: place.kind, clusters: place.cluster, labels: part })}
            >
              {part}
            </Link>
          );
        })}
      </div>
    </Section>
  );
}

function Annotations({ look }: PartProps) {
  const all = Object.entries(look.annotations);
  if (all.length === 0) return null;
  return (
    <Section className="mt-8" title={o.object.annotations} count={all.length}>
      <Facts className="object-annotations" facts={all.map(([key, value]): Fact => [key, value])} />
    </Section>
  );
}

function Finalizers({ look }: PartProps) {
  if (look.finalizers.length === 0) return null;
  return (
    <Section className="mt-8" title={o.object.finalizers} count={look.finalizers.length}>
      <ul className="rows">
        {look.finalizers.map(({ name, waits }) => (
          <li key={name}>
            <Mark
              shape={look.deleting_since ? "half" : "ring"}
              tone={look.deleting_since ? "warn" : "none"}
            />
            <span className="min-w-0">
              <code>{name}</code>
              <span className="block text-muted">{waits}</span>
            </span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** What an object is, by its kind, and how it stands. */
export function Summary(props: PartProps) {
  const { place, look } = props;
  const facts = factsOf(props);
  return (
    <>
      {look.missing.length > 0 && (
        <Banner className="mb-4" look="warning" title={o.object.missing}>
          {look.missing.join(" ")}
        </Banner>
      )}
      {facts.length > 0 && <Facts facts={facts} />}
      {look.pod && <Containers cluster={place.cluster} pod={look.pod} />}
      <Blocks {...props} />
      {look.conditions.length > 0 && (
        <Section className="mt-8" title={o.object.conditions} count={look.conditions.length}>
          <Table
            label={o.object.conditions}
            columns={conditionColumns}
            rows={look.conditions}
            id={({ type }) => type}
          />
        </Section>
      )}
      <Finalizers {...props} />
      <Labels {...props} />
      <Annotations {...props} />
      <p className="mt-8 text-sm text-faint">
        {o.object.uid} <code>{look.uid}</code>, {o.object.version} <code>{look.resource_version}</code>,{" "}
        {exact(look.created_at)}
      </p>
    </>
  );
}
