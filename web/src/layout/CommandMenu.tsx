import { keepPreviousData } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { Command } from "cmdk";
import {
  Boxes,
  Building2,
  Contrast,
  CornerDownLeft,
  FileText,
  LogOut,
  Plus,
  Search,
  Upload,
} from "lucide-react";
import { Dialog } from "radix-ui";
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";

import { api } from "../api/client";
import { clusterLook } from "../api/clusters";
import { useMay, useMe } from "../api/may";
import { inTenant } from "../api/tenant";
import { t } from "../locales";
import { paths } from "../paths";
import { looks, Mark, type State } from "../ui/mark";
import { setTheme } from "../ui/theme";
import { areas } from "./areas";
import { useSignOut } from "./MorePage";
import { placesOf } from "./Tenant";
import { useSettingsPages } from "./useSettings";

interface Entry {
  key: string;
  icon: ReactNode;
  label: string;
  about?: string;
  run: () => void;
}

const stateOf = (server: { state: string; alerts: { critical: number; warning: number } }): State => {
  if (server.state !== "up") return server.state as State;
  return server.alerts.critical > 0 ? "critical" : server.alerts.warning > 0 ? "warning" : "up";
};

function look(state: State) {
  return <Mark shape={looks[state].shape} tone={looks[state].tone} />;
}

/** Whether every word of the question is somewhere in the text. */
function fits(text: string, question: string): boolean {
  const low = text.toLowerCase();
  return question
    .toLowerCase()
    .split(/\s+/)
    .every((word) => low.includes(word));
}

// As kubectl names what people look for most; a word before it says the kind: "deploy web".
const kinds: readonly [kind: string, ...words: string[]][] = [
  ["pods", "po", "pod", "pods"],
  ["deployments.apps", "deploy", "deployment", "deployments"],
  ["statefulsets.apps", "sts", "statefulset", "statefulsets"],
  ["daemonsets.apps", "ds", "daemonset", "daemonsets"],
  ["jobs.batch", "job", "jobs"],
  ["cronjobs.batch", "cj", "cronjob", "cronjobs"],
  ["services", "svc", "service", "services"],
  ["ingresses.networking.k8s.io", "ing", "ingress", "ingresses"],
  ["configmaps", "cm", "configmap", "configmaps"],
  ["secrets", "secret", "secrets"],
  ["persistentvolumeclaims", "pvc"],
  ["nodes", "no", "node", "nodes"],
  ["namespaces", "ns", "namespace", "namespaces"],
  ["events", "ev", "event", "events"],
];

/** What is asked of clusters: a kind and a part of a name; without a kind, pods. */
function asked(q: string): { kind: string; name: string; named: boolean } {
  const [first = "", ...rest] = q.toLowerCase().split(/\s+/);
  const known = kinds.find(([, ...words]) => words.includes(first));
  return known
    ? { kind: known[0], name: rest.join(" "), named: true }
    : { kind: "pods", name: q, named: false };
}

const objectLooks = {
  critical: "critical",
  warning: "warning",
  progress: "running",
  ok: "ok",
  none: "unknown",
} as const;

/** Objects of all clusters by name, and the list of their kind. */
function useObjects(q: string, go: (to: string) => void): Entry[] {
  const may = useMay("clusters.read");
  const { kind, name, named } = asked(q);
  const query = { kind, q: name, limit: 6 };
  const { data } = api.useQuery(
    "get",
    "/api/v1/clusters/objects",
    { params: { query } },
    { enabled: may && (named || name.length > 1), staleTime: 2000, retry: false },
  );
  const items = may && (named || name.length > 1) ? (data?.items ?? []) : [];
  const list: Entry = {
    key: `kind ${kind}`,
    icon: <Boxes className="icon" aria-hidden="true" />,
    label: kind.split(".")[0] ?? kind,
    about: name,
    run: () => go(paths.objects({ kind, q: name })),
  };
  return [
    ...(named && may ? [list] : []),
    ...items.map(({ cluster_id: cluster, namespace = "", name: one, uid, status }) => ({
      key: uid,
      icon: look(objectLooks[status]),
      label: one,
      about: namespace,
      run: () => go(paths.object({ cluster, kind, namespace, name: one })),
    })),
  ];
}

/** The ways into the other tenants. */
function useTenants(): Entry[] {
  const me = useMe();
  return placesOf(me)
    .filter((place) => place.id !== me?.tenant.id)
    .map(({ id, name }) => ({
      key: `tenant ${id}`,
      icon: <Building2 className="icon" aria-hidden="true" />,
      label: t.layout.tenant.switchTo(name),
      run: () => location.assign(inTenant(id)),
    }));
}

const still = { placeholderData: keepPreviousData };

/** The clusters that answer a question, and the way to add one. */
function useClusters(q: string, go: (to: string) => void): { clusters: Entry[]; register: Entry[] } {
  const may = useMay("clusters.write");
  const { data } = api.useQuery("get", "/api/v1/clusters", { params: { query: { q, limit: 5 } } }, still);
  const register = {
    key: "cluster",
    icon: <Plus className="icon" aria-hidden="true" />,
    label: t.layout.palette.addCluster,
    run: () => go(paths.clusterNew()),
  };
  const clusters = (data?.items ?? [])
    .filter(({ name }) => fits(name, q))
    .map((cluster) => ({
      key: cluster.id,
      icon: <Mark {...clusterLook(cluster)} />,
      label: cluster.name,
      about: cluster.server,
      run: () => go(paths.cluster(cluster.id)),
    }));
  return { clusters, register: may ? [register] : [] };
}

function useEntries(
  q: string,
  go: (to: string) => void,
): { servers: Entry[]; clusters: Entry[]; alerts: Entry[]; pages: Entry[]; commands: Entry[] } {
  const signOut = useSignOut();
  const more = useSettingsPages();
  const tenants = useTenants();
  const may = useMay("servers.write");
  const servers =
    api.useQuery("get", "/api/v1/servers", { params: { query: { q, limit: q ? 8 : 5 } } }, still).data
      ?.items ?? [];
  const { clusters, register } = useClusters(q, go);
  const alerts =
    api.useQuery("get", "/api/v1/alerts", { params: { query: { state: "open", limit: 50 } } }, still).data
      ?.items ?? [];
  const icon = (Icon: typeof Plus) => <Icon className="icon" aria-hidden="true" />;
  const pages = [...areas, ...more.slice(1)];
  const themes = (["system", "light", "dark"] as const).map((theme) => ({
    key: theme,
    icon: icon(Contrast),
    label: t.layout.theme.label(t.layout.theme[theme]),
    run: () => setTheme(theme),
  }));
  const adds: Entry[] = [
    { key: "add", icon: icon(Plus), label: t.layout.palette.addServer, run: () => go(paths.serverNew()) },
    {
      key: "import",
      icon: icon(Upload),
      label: t.layout.palette.importServers,
      run: () => go(paths.serverImport()),
    },
  ];
  const commands: Entry[] = [
    ...(may ? adds : []),
    ...register,
    ...themes,
    { key: "out", icon: icon(LogOut), label: t.layout.signOut, run: () => void signOut() },
    ...tenants,
  ];
  return {
    // Until the answer to the newest letter is there, what is known is narrowed here.
    servers: servers
      .filter((s) => fits(`${s.name} ${s.host}`, q))
      .map((s) => ({
        key: s.id,
        icon: look(stateOf(s)),
        label: s.name,
        about: s.host,
        run: () => go(paths.server(s.id)),
      })),
    clusters,
    alerts: alerts
      .map((a) => ({
        key: a.id,
        icon: look(a.severity),
        label: a.title,
        about: a.server_name || a.cluster_name,
        run: () => go(paths.alert(a.id)),
      }))
      .filter((a) => fits(`${a.label} ${a.about}`, q))
      .slice(0, 5),
    pages: pages
      .map(({ label, to }) => ({ key: to, icon: icon(FileText), label, run: () => go(to) }))
      .filter((page) => fits(page.label, q)),
    commands: commands.filter((command) => fits(command.label, q)).slice(0, 12),
  };
}

function Group({
  heading,
  entries,
  onDone,
}: {
  heading: string;
  entries: readonly Entry[];
  onDone: () => void;
}) {
  if (entries.length === 0) return null;
  return (
    <Command.Group heading={heading}>
      {entries.map(({ key, icon, label, about, run }) => (
        <Command.Item
          key={key}
          value={`${heading} ${key}`}
          onSelect={() => {
            onDone();
            run();
          }}
        >
          {icon}
          <span className="clip">{label}</span>
          {about && <span className="clip text-sm text-muted">{about}</span>}
        </Command.Item>
      ))}
    </Command.Group>
  );
}

// The first entry is chosen until arrows or the pointer choose another, since answers come after the letters.
function useChoice(values: readonly string[]) {
  const [chosen, setChosen] = useState<string>();
  const moved = useRef(false);
  return {
    reset: () => {
      moved.current = false;
      setChosen(undefined);
    },
    props: {
      value: chosen !== undefined && values.includes(chosen) ? chosen : (values[0] ?? ""),
      onValueChange: (value: string) => moved.current && setChosen(value),
      onKeyDownCapture: (event: KeyboardEvent) => {
        if (/^(Arrow|Home|End)/.test(event.key)) moved.current = true;
      },
      onPointerMoveCapture: () => {
        moved.current = true;
      },
    },
  };
}

/** Finds any server, alert, page or command. */
export function CommandMenu({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const [q, setQ] = useState("");
  const { servers, clusters, alerts, pages, commands } = useEntries(
    q.trim(),
    (to) => void router.navigate({ href: to }),
  );
  const objects = useObjects(q.trim(), (to) => void router.navigate({ href: to }));
  const words = t.layout.palette;
  const { named } = asked(q.trim()); // then it is what is looked for
  const found = { heading: words.objects, entries: objects };
  const groups = [
    ...(named ? [found] : []),
    { heading: words.servers, entries: servers },
    { heading: t.layout.clusters, entries: clusters },
    { heading: words.alerts, entries: alerts },
    ...(named ? [] : [found]),
    { heading: words.pages, entries: pages },
    { heading: words.commands, entries: q ? commands : commands.slice(0, 2) },
  ];
  const choice = useChoice(
    groups.flatMap(({ heading, entries }) => entries.map(({ key }) => `${heading} ${key}`)),
  );
  const ask = (text: string) => {
    choice.reset();
    setQ(text);
  };
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="scrim">
          <Dialog.Content className="palette" aria-describedby={undefined}>
            <Dialog.Title className="sr-only">{t.layout.searchLong}</Dialog.Title>
            <Command shouldFilter={false} loop label={t.layout.searchLong} {...choice.props}>
              <div className="ask">
                <Search className="icon" aria-hidden="true" />
                <Command.Input value={q} onValueChange={ask} placeholder={t.layout.searchLong} />
                <kbd>Esc</kbd>
              </div>
              <Command.List>
                <Command.Empty>{t.layout.palette.nothing(q)}</Command.Empty>
                {groups.map(({ heading, entries }) => (
                  <Group key={heading} heading={heading} entries={entries} onDone={onClose} />
                ))}
              </Command.List>
              <div className="foot max-md:hidden">
                <span>
                  <kbd>↑</kbd>
                  <kbd>↓</kbd> {t.layout.palette.move}
                </span>
                <span>
                  <kbd>
                    <CornerDownLeft className="size-3" aria-hidden="true" />
                  </kbd>{" "}
                  {t.layout.palette.open}
                </span>
              </div>
            </Command>
          </Dialog.Content>
        </Dialog.Overlay>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
