// What each kind shows in tables of its own.
import type { ReactNode } from "react";

import { o } from "../../locales/objects";
import { Link } from "@tanstack/react-router";
import { paths } from "../../paths";
import { type Fact, Facts, Section } from "../../ui/Facts";
import { bytes, exact, percent } from "../../ui/format";
import { looks, Status } from "../../ui/mark";
import { Reading } from "../../ui/Meter";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";
import type { PartProps } from "./ObjectPage";
import { RefLink } from "./RefLink";
import type { ObjectLook } from "./types";

interface BlockProps<T> {
  title: string;
  rows: readonly T[] | null | undefined;
  columns: readonly [head: string, cell: (row: T) => ReactNode][];
}

// A table of few rows: the first column is its name, the last stands at the end on a phone.
function Block<T extends object>({ title, rows, columns }: BlockProps<T>) {
  if (!rows || rows.length === 0) return null;
  const defs = columns.map(([head, cell], i): Column<T> => {
    const phone = i === 0 ? "name" : i === 1 ? "sub" : i === columns.length - 1 ? "state" : undefined;
    return { key: String(i), head, cell, ...(phone && { phone }) };
  });
  return (
    <Section className="mt-8" title={title} count={rows.length}>
      <Table fit label={title} columns={defs} rows={[...rows]} id={(row) => String(rows.indexOf(row))} />
    </Section>
  );
}

const mono = (text: string | number) => <span className="mono">{text}</span>;

function Service({ place, look }: PartProps) {
  const { service } = look;
  if (!service) return null;
  return (
    <>
      <Block
        title={o.cells.ports}
        rows={service.ports}
        columns={[
          [o.blocks.port, ({ name, port, protocol }) => mono(`${name ? `${name} ` : ""}${port}/${protocol}`)],
          [o.blocks.target, ({ target }) => mono(target)],
          [o.blocks.nodePort, ({ node_port }) => (node_port ? mono(node_port) : "")],
        ]}
      />
      <Block
        title={o.blocks.endpoints}
        rows={service.endpoints}
        columns={[
          [o.cells.address, ({ address }) => mono(address)],
          [o.blocks.behind, ({ target }) => target && <RefLink cluster={place.cluster} to={target} />],
          [
            o.columns.status,
            ({ ready }) => (
              <Status look={ready ? "ok" : "warning"}>{ready ? o.blocks.gets : o.blocks.getsNot}</Status>
            ),
          ],
        ]}
      />
    </>
  );
}

function Routes({ place, look }: PartProps) {
  return (
    <Block
      title={o.blocks.routes}
      rows={look.routes}
      columns={[
        [o.blocks.host, ({ host }) => mono(host)],
        [o.blocks.path, ({ path, match }) => mono(`${path} ${match}`)],
        [o.blocks.to, ({ to }) => <RefLink cluster={place.cluster} to={to} />],
        [o.blocks.port, ({ port }) => mono(port)],
        [
          o.blocks.certificate,
          ({ tls, certificate_ends }) => (
            <>
              {tls && <RefLink cluster={place.cluster} to={tls} />}{" "}
              {certificate_ends && (
                <span className="text-muted">{o.blocks.until(exact(certificate_ends))}</span>
              )}
            </>
          ),
        ],
      ]}
    />
  );
}

function Node({ look, place }: PartProps) {
  const { node } = look;
  if (!node) return null;
  return (
    <>
      <Block
        title={o.blocks.resources}
        rows={node.resources}
        columns={[
          [o.columns.name, ({ name }) => name],
          [o.blocks.requested, ({ requests }) => mono(requests)],
          [o.blocks.limits, ({ limits }) => mono(limits)],
          [o.blocks.allocatable, ({ allocatable }) => mono(allocatable)],
          [
            o.blocks.share,
            ({ requested_percent: n }) => (
              <Reading ratio={n / 100} over={n > 85 ? looks.warning : undefined}>
                {percent(n / 100)}
              </Reading>
            ),
          ],
        ]}
      />
      <Section className="mt-8" title={o.blocks.here}>
        <Facts
          facts={[
            [
              o.blocks.pods,
              <Link
                key="pods"
                className="link"
                to={paths.objects({ kind: "pods", clusters: place.cluster, fields: `node=${place.name}` })}
              >
                {String(node.pods)}
              </Link>,
            ],
            [o.blocks.addresses, node.addresses.join(", ")],
            [o.blocks.taints, node.taints.join(", ")],
          ]}
        />
      </Section>
    </>
  );
}

const phases = {
  running: looks.running,
  succeeded: looks.done,
  failed: looks.failed,
  suspended: looks.stale,
} as const;

function Cron({ place, look }: PartProps) {
  return (
    <>
      {look.schedule && look.schedule.next.length > 1 && (
        <Section className="mt-8" title={o.blocks.next}>
          <ol className="row flex-wrap gap-x-6 py-2">
            {look.schedule.next.map((at) => (
              <li key={at} className="mono text-muted">
                {exact(at)}
              </li>
            ))}
          </ol>
        </Section>
      )}
      <Block
        title={o.blocks.runs}
        rows={look.runs}
        columns={[
          [o.columns.name, (run) => <RefLink cluster={place.cluster} to={run} />],
          [o.blocks.started, ({ started_at }) => started_at && <Time ago at={started_at} />],
          [o.object.reason, ({ reason }) => reason && <span className="whitespace-normal">{reason}</span>],
          [o.columns.status, ({ phase }) => <Status look={phases[phase]}>{o.blocks.phases[phase]}</Status>],
        ]}
      />
    </>
  );
}

const certificateFacts = (c: NonNullable<ObjectLook["certificate"]>): Fact[] => [
  [o.blocks.names, c.names.join(", ")],
  [o.blocks.issuer, c.issuer],
  [o.blocks.begins, exact(c.begins_at)],
  [
    o.blocks.ends,
    <Status key="ends" look={c.ended ? "critical" : "ok"}>
      {exact(c.ends_at)}
    </Status>,
  ],
  [o.blocks.key, c.key_missing && <Status look="warning">{o.blocks.keyMissing}</Status>],
];

function Config({ look }: PartProps) {
  return (
    <>
      <Block
        title={o.blocks.keys}
        rows={look.data}
        columns={[
          [o.blocks.key, ({ key }) => mono(key)],
          [o.blocks.form, ({ kind }) => o.blocks.forms[kind]],
          [o.cells.size, ({ bytes: n }) => bytes(n)],
        ]}
      />
      {look.certificate && (
        <Section className="mt-8" title={o.blocks.certificate}>
          <Facts facts={certificateFacts(look.certificate)} />
        </Section>
      )}
    </>
  );
}

function Access({ place, look }: PartProps) {
  return (
    <>
      {look.rules && look.rules.length > 0 && (
        <Section className="mt-8" title={o.blocks.rules} count={look.rules.length}>
          <ul className="rows">
            {look.rules.map((rule) => (
              <li key={rule}>{rule}</li>
            ))}
          </ul>
        </Section>
      )}
      <Block
        title={o.blocks.subjects}
        rows={look.subjects}
        columns={[
          [o.columns.name, ({ name, ref }) => (ref ? <RefLink cluster={place.cluster} to={ref} /> : name)],
          [o.list.kind, ({ kind }) => kind],
          [o.columns.namespace, ({ ref }) => ref?.namespace],
        ]}
      />
      <Block
        title={o.blocks.bindings}
        rows={look.bindings}
        columns={[
          [o.blocks.binding, ({ binding }) => <RefLink cluster={place.cluster} to={binding} />],
          [o.blocks.role, ({ role }) => <RefLink kind cluster={place.cluster} to={role} />],
        ]}
      />
    </>
  );
}

function Bounds({ place, look }: PartProps) {
  return (
    <>
      <Block
        title={o.blocks.measures}
        rows={look.metrics}
        columns={[
          [o.columns.name, ({ name }) => name],
          [o.blocks.now, ({ now }) => mono(now)],
          [o.cells.target, ({ target }) => mono(target)],
        ]}
      />
      <Block
        title={o.blocks.quotas}
        rows={look.quotas}
        columns={[
          [o.blocks.resource, ({ resource }) => mono(resource)],
          [o.blocks.used, ({ used, hard }) => mono(`${used} / ${hard}`)],
          [o.blocks.share, ({ percent: n }) => <Reading ratio={n / 100}>{percent(n / 100)}</Reading>],
        ]}
      />
      <Block
        title={o.blocks.contents}
        rows={look.contents}
        columns={[
          [
            o.list.kind,
            ({ kind }) => (
              <Link
                className="link"
                to={paths.objects({ kind, clusters: place.cluster, namespaces: place.name })}
              >
                {kind}
              </Link>
            ),
          ],
          [o.cells.count, ({ count }) => String(count)],
        ]}
      />
      <Block
        title={o.blocks.usedBy}
        rows={look.used_by}
        columns={[[o.columns.name, (ref) => <RefLink kind cluster={place.cluster} to={ref} />]]}
      />
    </>
  );
}

/** The tables of an object, by its kind. */
export function Blocks(props: PartProps) {
  const images = props.look.workload?.images;
  return (
    <>
      <Block
        title={o.cells.images}
        rows={images}
        columns={[
          [o.blocks.container, ({ container }) => container],
          [o.pod.image, ({ image }) => mono(image)],
        ]}
      />
      <Service {...props} />
      <Routes {...props} />
      <Node {...props} />
      <Cron {...props} />
      <Config {...props} />
      <Access {...props} />
      <Bounds {...props} />
    </>
  );
}
