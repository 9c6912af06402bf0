import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { Ellipsis, Search } from "lucide-react";
import { createContext, lazy, Suspense, use, useEffect, useState } from "react";

import { api } from "../api/client";
import { connect } from "../api/live";
import { useMay, useMe } from "../api/may";
import type { Dashboard } from "../api/types";
import { t } from "../locales";
import { paths } from "../paths";
import { Mark } from "../ui/mark";
import { areas, bottomAreas, settingsPages } from "./areas";
import { Logo } from "./Logo";
import { TenantPlace } from "./Tenant";
import { useHeld, useTenancy } from "./useEntry";
import { useKeys } from "./useKeys";

const CommandMenu = lazy(() => import("./CommandMenu").then((m) => ({ default: m.CommandMenu })));
const KeysDialog = lazy(() => import("./KeysDialog").then((m) => ({ default: m.KeysDialog })));

const SearchContext = createContext<() => void>(() => undefined);

/** Opens the command menu. */
export const useSearch = (): (() => void) => use(SearchContext);

/** How many servers there are and how many alerts are open; the stream keeps it fresh. */
export const useDashboard = () => api.useQuery("get", "/api/v1/system/dashboard");

const within = (pathname: string, to: string) =>
  to === "/" ? pathname === "/" : pathname === to || pathname.startsWith(`${to}/`);

function AlertCount() {
  const stats = useDashboard().data?.alerts;
  if (!stats?.firing) return null;
  const look =
    stats.critical > 0
      ? ({ shape: "diamond", tone: "critical" } as const)
      : ({ shape: "triangle", tone: "warn" } as const);
  return (
    <span className="count">
      <Mark {...look} />
      {stats.firing}
    </span>
  );
}

/** How many clusters there are, as far as one may see them. */
export function clusterCount({ clusters }: Dashboard): number {
  if (!clusters) return 0;
  const { synced, syncing, stale, unreachable, forbidden } = clusters;
  return synced + syncing + stale + unreachable + forbidden;
}

function ClusterCount() {
  const { data } = useDashboard();
  const count = data && clusterCount(data);
  return count ? <span className="count">{count}</span> : null;
}

function ServerCount() {
  const counts = useDashboard().data?.servers;
  if (!counts) return null;
  return <span className="count">{Object.values(counts).reduce((sum, n) => sum + n, 0)}</span>;
}

function Areas() {
  const { pathname } = useLocation();
  return (
    <nav aria-label={t.layout.areas}>
      {areas.map(({ label, to, icon: Icon }) => (
        <span key={to} className="contents">
          {to === paths.alerts() && <span className="gap" />}
          {to === paths.settings() && <span className="gap" />}
          <Link
            to={to}
            title={label}
            activeOptions={{ exact: true }}
            aria-current={within(pathname, to) ? "page" : undefined}
          >
            <Icon className="icon" aria-hidden="true" />
            <span className="word">{label}</span>
            {to === paths.servers() && <ServerCount />}
            {to === paths.clusters() && <ClusterCount />}
            {to === paths.alerts() && <AlertCount />}
          </Link>
        </span>
      ))}
    </nav>
  );
}

function Rail({ held, onSearch }: { held: boolean; onSearch: () => void }) {
  const me = useMe();
  const all = useMay("tenants.read") && !held ? paths.tenants() : undefined;
  return (
    <aside className="rail">
      <Link
        className="brand"
        activeOptions={{ exact: true }}
        to={paths.overview()}
        aria-label={t.auth.product}
      >
        <Logo />
        <span className="word">{t.auth.product}</span>
      </Link>
      <TenantPlace all={all} />
      {!held && (
        <>
          <button className="find" type="button" aria-label={t.layout.searchLong} onClick={onSearch}>
            <Search className="icon" aria-hidden="true" />
            <span className="flex-1">{t.layout.search}</span>
            <kbd>Ctrl K</kbd>
          </button>
          <Areas />
        </>
      )}
      {me && (
        <div className="mt-auto pt-2">
          <Link to={paths.account()} title={t.layout.account}>
            <span className="avatar" aria-hidden="true">
              {me.user.username.slice(0, 1)}
            </span>
            <span className="word clip">{me.user.username}</span>
          </Link>
        </div>
      )}
    </aside>
  );
}

function BottomBar() {
  const { pathname } = useLocation();
  const firing = useDashboard().data?.alerts.firing ?? 0;
  const elsewhere = [paths.more(), ...settingsPages.map((page) => page.to)];
  return (
    <nav className="bottom" aria-label={t.layout.areas}>
      {bottomAreas.map(({ label, to, icon: Icon }) => (
        <Link
          key={to}
          to={to}
          activeOptions={{ exact: true }}
          aria-current={within(pathname, to) ? "page" : undefined}
        >
          <Icon className="icon" aria-hidden="true" />
          <span>{label}</span>
          {to === paths.alerts() && firing > 0 && (
            <span className="pip" aria-label={t.layout.bell(firing)}>
              {firing}
            </span>
          )}
        </Link>
      ))}
      <Link
        to={paths.more()}
        aria-current={elsewhere.some((to) => within(pathname, to)) ? "page" : undefined}
      >
        <Ellipsis className="icon" aria-hidden="true" />
        <span>{t.layout.more}</span>
      </Link>
    </nav>
  );
}

/** What stands around every page: the rail, the bottom bar of phones, the command menu. */
export function Shell() {
  const [searching, setSearching] = useState(false);
  const [helping, setHelping] = useState(false);
  const held = useHeld();
  useTenancy();
  const search = () => setSearching(!held);
  useEffect(() => (held ? undefined : connect()), [held]);
  useKeys({ onSearch: search, onHelp: () => setHelping(true) });
  return (
    <SearchContext value={search}>
      <a className="btn skip" href="#content">
        {t.layout.skip}
      </a>
      <div className="app">
        <Rail held={held} onSearch={search} />
        <div className="main">
          <Outlet />
        </div>
        {!held && <BottomBar />}
      </div>
      <Suspense>
        {searching && <CommandMenu onClose={() => setSearching(false)} />}
        {helping && <KeysDialog onClose={() => setHelping(false)} />}
      </Suspense>
    </SearchContext>
  );
}
