import "./objects.css";

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense } from "react";

import { Problem } from "../../api/errors";
import { useMay } from "../../api/may";
import { Page } from "../../layout/Page";
import { ProblemPage } from "../../layout/Problem";
import { t } from "../../locales";
import { o } from "../../locales/objects";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { buttonClass } from "../../ui/Button";
import { Empty, Skeleton } from "../../ui/Empty";
import { when } from "../../ui/format";
import { Badge, looks } from "../../ui/mark";
import { TabLinks } from "../../ui/Tabs";
import { Time } from "../../ui/Time";
import { Actions } from "./Actions";
import { plainName } from "./kinds";
import { lookOf, phaseOf } from "./look";
import { objectQuery, type Tab, tabs, useAddress, useFreshObject, useLine } from "./object";
import { useClusters } from "./queries";
import { logsKinds } from "./sources";
import { Summary } from "./Summary";
import type { Listed, ObjectLook, Place } from "./types";
import { useObjectKeys } from "./useObjectKeys";

const parts = {
  yaml: lazy(async () => ({ default: (await import("./YamlTab")).YamlTab })),
  events: lazy(async () => ({ default: (await import("./EventsTab")).EventsTab })),
  related: lazy(async () => ({ default: (await import("./RelatedTab")).RelatedTab })),
  logs: lazy(async () => ({ default: (await import("./LogsTab")).LogsTab })),
  terminal: lazy(async () => ({ default: (await import("./TerminalTab")).TerminalTab })),
  usage: lazy(async () => ({ default: (await import("./UsageTab")).UsageTab })),
};

const measured = (kind: string) => logsKinds.has(kind) || kind === "nodes" || kind === "namespaces";

/** Which parts an object's page has. */
function useTabs({ kind }: Place): Tab[] {
  const execs = useMay("pods.exec");
  return tabs.filter((tab) => {
    if (tab === "logs") return logsKinds.has(kind);
    if (tab === "terminal") return kind === "pods" && execs;
    return tab !== "usage" || measured(kind);
  });
}

function Meta({ place, look }: { place: Place; look: ObjectLook }) {
  const { cluster, kind, namespace } = place;
  const { clusters } = useClusters();
  const name = clusters.find(({ id }) => id === cluster)?.name ?? "";
  return (
    <div className="meta">
      <Link className="link" to={paths.objects({ kind, clusters: cluster })}>
        {look.kind.kind || plainName(kind)}
      </Link>
      {namespace && (
        <Link className="link" to={paths.objects({ kind, clusters: cluster, namespaces: namespace })}>
          {namespace}
        </Link>
      )}
      <span>{name}</span>
      <span>
        {o.object.made} <Time ago at={look.created_at} />
      </span>
    </div>
  );
}

function Standing({ line, look }: { line: Listed | undefined; look: ObjectLook }) {
  if (look.deleting_since) return <Badge look={looks.stale}>{o.deleting}</Badge>;
  if (!line || (line.status === "none" && !line.phase)) return null;
  return <Badge look={lookOf(line.status)}>{phaseOf(line)}</Badge>;
}

/** What is wrong with all of the page: what is shown is old, the object is about to go. */
function Notices({ look, line }: { look: ObjectLook; line: Listed | undefined }) {
  const { stale_since, deleting_since, finalizers } = look;
  return (
    <div className="grid gap-2 empty:hidden mb-4">
      {stale_since && (
        <Banner look="stale" title={o.object.stale(when(stale_since, Date.now()))}>
          {o.object.staleWhy}
        </Banner>
      )}
      {deleting_since && (
        <Banner look="warning" title={o.object.going(when(deleting_since, Date.now()))}>
          {finalizers.length > 0 ? o.object.waits(finalizers.length) : o.object.soon}
        </Banner>
      )}
      {line?.reason && !deleting_since && line.status !== "ok" && line.status !== "none" && (
        <Banner look={lookOf(line.status)} title={phaseOf(line)}>
          {line.reason}
        </Banner>
      )}
    </div>
  );
}

function Header({
  place,
  look,
  line,
  tab,
}: {
  place: Place;
  look: ObjectLook;
  line: Listed | undefined;
  tab: Tab;
}) {
  const shown = useTabs(place);
  return (
    <>
      <div className="hero">
        <div className="hero-line">
          <div className="min-w-0 flex-1">
            <div className="row flex-wrap">
              <h1>{place.name}</h1>
              <Standing line={line} look={look} />
            </div>
            <Meta place={place} look={look} />
          </div>
          <Actions place={place} look={look} line={line} />
        </div>
      </div>
      <TabLinks label={place.name}>
        {shown.map((each) => (
          <Link
            key={each}
            to={paths.object(place, each === "summary" ? undefined : each)}
            replace
            activeOptions={{ exact: true }}
            aria-current={each === tab ? "page" : undefined}
          >
            {o.object.tabs[each]}
          </Link>
        ))}
      </TabLinks>
    </>
  );
}

/** What every part of an object's page is given. */
export interface PartProps {
  place: Place;
  look: ObjectLook;
}

function Part({ tab, ...rest }: PartProps & { tab: Tab }) {
  if (tab === "summary") return <Summary {...rest} />;
  const One = parts[tab];
  return (
    <Suspense fallback={<Skeleton label={t.ui.loading} lines={8} />}>
      <One {...rest} />
    </Suspense>
  );
}

function Missing({ place, error, retry }: { place: Place; error: unknown; retry: () => void }): ReactNode {
  if (!(error instanceof Problem && error.status === 404))
    return <ProblemPage error={error} title={o.object.failed} onRetry={retry} />;
  return (
    <Empty
      title={o.object.gone(place.name)}
      action={
        <Link className={buttonClass()} to={paths.objects({ kind: place.kind, clusters: place.cluster })}>
          {o.object.toList}
        </Link>
      }
    >
      {error.detail}
    </Empty>
  );
}

/** One object of a cluster: how it stands, what it is, and what can be done with it. */
export function ObjectPage() {
  const { place, tab } = useAddress();
  const { data: look, error, refetch } = useQuery(objectQuery(place));
  const line = useLine(place);
  useFreshObject(place);
  useObjectKeys(place);
  const gone = error instanceof Problem && error.status === 404;
  const crumbs = [
    { label: o.clusters, to: paths.clusters() },
    {
      label: look?.kind.kind || plainName(place.kind),
      to: paths.objects({ kind: place.kind, clusters: place.cluster }),
    },
  ];
  if (!look || gone) {
    return (
      <Page title={place.name} crumbs={crumbs}>
        {error ? (
          <Missing place={place} error={error} retry={() => void refetch()} />
        ) : (
          <Skeleton label={t.ui.loading} lines={8} />
        )}
      </Page>
    );
  }
  return (
    <Page
      title={place.name}
      crumbs={crumbs}
      named
      header={<Header place={place} look={look} line={line} tab={tab} />}
    >
      <Notices look={look} line={line} />
      <Part key={JSON.stringify(place)} tab={tab} place={place} look={look} />
    </Page>
  );
}
