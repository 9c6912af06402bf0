import {
  createBrowserHistory,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";

import { onSignedOut, queries } from "./api/client";
import { Problem } from "./api/errors";
import { enter, forget, meQuery, setupQuery } from "./api/session";
import { address, isOutside, pathOf } from "./api/tenant";
import { rangeSearch, sectionSearch } from "./features/servers/search";
import { CrashPage, LostPage, NotFoundPage, ShellErrorPage } from "./layout/ErrorPage";
import { Shell } from "./layout/Shell";
import { StepUp } from "./layout/StepUp";
import { followLanguage } from "./locales/choice";
import { paths } from "./paths";
import { Toasts } from "./ui/Toast";
import { setZone } from "./ui/zone";

const root = createRootRoute({
  component: () => (
    <>
      <Outlet />
      <StepUp />
      <Toasts />
    </>
  ),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  beforeLoad: async () => {
    const { needed } = await queries.fetchQuery(setupQuery());
    if (!needed) throw redirect({ href: paths.signIn() });
  },
  component: lazyRouteComponent(() => import("./features/auth/SetupPage"), "SetupPage"),
});

const outside = <M extends Record<string, unknown>, K extends keyof M & string>(
  path: string,
  load: () => Promise<M>,
  name: K,
) =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(load as () => Promise<Record<string, never>>, name),
  });

// Pages of people who are not signed in, or not yet.
const strangers = [
  outside("/sign-in", () => import("./features/auth/SignInPage"), "SignInPage"),
  outside("/sign-in/callback", () => import("./features/auth/CallbackPage"), "CallbackPage"),
  outside("/sign-in/link", () => import("./features/auth/LinkPage"), "LinkPage"),
  outside("/reset", () => import("./features/auth/ResetPage"), "ResetPage"),
  outside("/invitation", () => import("./features/auth/InvitationPage"), "InvitationPage"),
  outside("/sign-in/restarting", () => import("./layout/RestartingPage"), "RestartingPage"),
  outside("/unlock", () => import("./features/auth/UnlockPage"), "UnlockPage"),
];

/** Where somebody goes whom the server does not know, or not yet. */
async function helpful(path: string): Promise<string> {
  const { needed, locked } = await queries.fetchQuery(setupQuery());
  if (locked) return paths.unlock();
  if (needed) return paths.setup() + window.location.search + window.location.hash; // with its token
  return paths.signIn(address(path));
}

// Everything behind the sign-in. Who is signed in is asked once; who is not is led to the
// page that helps, and back to where they wanted to go.
const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  beforeLoad: async ({ location: { pathname, href }, preload }) => {
    try {
      const { me, to } = await enter(href);
      if (followLanguage(me.user.language)) return await new Promise<never>(() => undefined);
      setZone(me.user.time_zone);
      if (to && !preload) router.history.replace(to);
      else if (me.must?.length && pathname !== paths.account())
        throw redirect({ href: paths.account(), replace: true });
    } catch (error) {
      if (!(error instanceof Problem) || (error.status !== 401 && error.status !== 503)) throw error;
      throw redirect({ href: await helpful(href), replace: true });
    }
  },
  errorComponent: ShellErrorPage,
  component: Shell,
});

const overview = createRoute({
  getParentRoute: () => shell,
  path: "/",
  component: lazyRouteComponent(() => import("./features/system/OverviewPage"), "OverviewPage"),
});

const server = createRoute({
  getParentRoute: () => shell,
  path: "/servers/$id",
  component: lazyRouteComponent(() => import("./features/servers/ServerPage"), "ServerPage"),
});

const serverOverview = createRoute({
  getParentRoute: () => server,
  path: "/",
  validateSearch: rangeSearch,
  component: lazyRouteComponent(() => import("./features/servers/ServerOverview"), "ServerOverview"),
});

const serverAlerts = createRoute({
  getParentRoute: () => server,
  path: "/alerts",
  component: lazyRouteComponent(() => import("./features/servers/ServerAlerts"), "ServerAlerts"),
});

const serverSnapshot = createRoute({
  getParentRoute: () => server,
  path: "/snapshot",
  validateSearch: sectionSearch,
  component: lazyRouteComponent(() => import("./features/servers/ServerSnapshot"), "ServerSnapshot"),
});

const serverSettings = createRoute({
  getParentRoute: () => server,
  path: "/settings",
  component: lazyRouteComponent(() => import("./features/servers/ServerSettings"), "ServerSettings"),
});

const cluster = createRoute({
  getParentRoute: () => shell,
  path: "/clusters/$id",
  component: lazyRouteComponent(() => import("./features/clusters/ClusterPage"), "ClusterPage"),
});

const clusterOverview = createRoute({
  getParentRoute: () => cluster,
  path: "/",
  component: lazyRouteComponent(() => import("./features/clusters/ClusterOverview"), "ClusterOverview"),
});

const clusterKinds = createRoute({
  getParentRoute: () => cluster,
  path: "/kinds",
  component: lazyRouteComponent(() => import("./features/clusters/ClusterKinds"), "ClusterKinds"),
});

const clusterSettings = createRoute({
  getParentRoute: () => cluster,
  path: "/settings",
  component: lazyRouteComponent(() => import("./features/clusters/ClusterSettings"), "ClusterSettings"),
});

const more = createRoute({
  getParentRoute: () => shell,
  path: "/more",
  component: lazyRouteComponent(() => import("./layout/MorePage"), "MorePage"),
});

const page = <M extends Record<string, unknown>, K extends keyof M & string>(
  path: string,
  load: () => Promise<M>,
  name: K,
) =>
  createRoute({
    getParentRoute: () => shell,
    path,
    component: lazyRouteComponent(load as () => Promise<Record<string, never>>, name),
  });

const settings = [
  page("/settings", () => import("./features/settings/SettingsPage"), "SettingsPage"),
  page("/settings/account", () => import("./features/account/AccountPage"), "AccountPage"),
  page("/settings/sessions", () => import("./features/account/SessionsPage"), "SessionsPage"),
  page("/settings/api-keys", () => import("./features/account/ApiKeysPage"), "ApiKeysPage"),
  page("/settings/audit", () => import("./features/audit/AuditPage"), "AuditPage"),
  page("/settings/jobs", () => import("./features/jobs/JobsPage"), "JobsPage"),
  page("/settings/thresholds", () => import("./features/thresholds/ThresholdsPage"), "ThresholdsPage"),
  page("/settings/channels", () => import("./features/channels/ChannelsPage"), "ChannelsPage"),
  page("/settings/silences", () => import("./features/silences/SilencesPage"), "SilencesPage"),
  page("/settings/members", () => import("./features/members/MembersPage"), "MembersPage"),
  page("/settings/usage", () => import("./features/usage/UsagePage"), "UsagePage"),
  page("/settings/users", () => import("./features/users/UsersPage"), "UsersPage"),
  page("/settings/tenants", () => import("./features/tenants/TenantsPage"), "TenantsPage"),
  page("/settings/providers", () => import("./features/providers/ProvidersPage"), "ProvidersPage"),
  page("/settings/vault", () => import("./features/vault/VaultPage"), "VaultPage"),
  page("/settings/backup", () => import("./features/backup/BackupPage"), "BackupPage"),
  page("/settings/backup/preview", () => import("./features/backup/PreviewPage"), "PreviewPage"),
  page("/settings/backup/kit", () => import("./features/backup/KitPage"), "KitPage"),
  page("/settings/tls", () => import("./features/tls/TlsPage"), "TlsPage"),
  page("/settings/tls/acme", () => import("./features/tls/AcmePage"), "AcmePage"),
  page("/settings/upgrade", () => import("./features/upgrade/UpgradePage"), "UpgradePage"),
  page("/settings/jobs/$id", () => import("./features/jobs/JobPage"), "JobPage"),
];

const lists = [
  page("/servers", () => import("./features/servers/ServersPage"), "ServersPage"),
  page("/servers/new", () => import("./features/servers/ServerNewPage"), "ServerNewPage"),
  page("/servers/import", () => import("./features/servers/ImportPage"), "ImportPage"),
  page("/clusters", () => import("./features/clusters/ClustersPage"), "ClustersPage"),
  page("/clusters/new", () => import("./features/clusters/ClusterNewPage"), "ClusterNewPage"),
  page("/servers/$id/edit", () => import("./features/servers/ServerEditPage"), "ServerEditPage"),
];

const clusterPages = [
  page("/clusters/objects", () => import("./features/objects/ObjectsPage"), "ObjectsPage"),
  page("/clusters/apply", () => import("./features/objects/ApplyPage"), "ApplyPage"),
  page("/clusters/logs", () => import("./features/objects/LogsPage"), "LogsPage"),
];

const object = createRoute({
  getParentRoute: () => shell,
  path: "/clusters/$id/object",
  component: lazyRouteComponent(() => import("./features/objects/ObjectPage"), "ObjectPage"),
});

// The panel of one alert stands beside the list, which stays as it is.
const alerts = page("/alerts", () => import("./features/alerts/AlertsPage"), "AlertsPage");
const alertList = createRoute({ getParentRoute: () => alerts, path: "/" });
const alertPanel = createRoute({ getParentRoute: () => alerts, path: "$id" });

const nowhere = createRoute({ getParentRoute: () => shell, path: "$", component: NotFoundPage });

// One page that draws every part of the kit in every state; only while developing and in its tests.
const kit =
  import.meta.env.DEV || import.meta.env.MODE === "kit"
    ? [
        createRoute({
          getParentRoute: () => root,
          path: "/_ui",
          component: lazyRouteComponent(() => import("./ui/kit/KitPage"), "KitPage"),
        }),
      ]
    : [];

const tree = root.addChildren([
  setup,
  ...strangers,
  ...kit,
  shell.addChildren([
    overview,
    server.addChildren([serverOverview, serverAlerts, serverSnapshot, serverSettings]),
    cluster.addChildren([clusterOverview, clusterKinds, clusterSettings]),
    more,
    ...settings,
    ...lists,
    ...clusterPages,
    object,
    alerts.addChildren([alertList, alertPanel]),
    nowhere,
  ]),
]);

/** The whole map. The tenant is put before paths on their way into the address bar, and taken off here. */
export const router = createRouter({
  routeTree: tree,
  history: createBrowserHistory({ createHref: address }),
  rewrite: {
    input: ({ url }) => {
      url.pathname = pathOf(url.pathname);
      return url;
    },
  },
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  defaultErrorComponent: CrashPage,
  defaultNotFoundComponent: LostPage,
  scrollRestoration: true,
});

let leaving = false;

onSignedOut(() => {
  const { pathname, href } = router.state.location;
  const known = queries.getQueryData(meQuery().queryKey) !== undefined;
  if (leaving || !known || isOutside(pathname)) return;
  leaving = true; // many requests fail at once, and one of them is enough
  void router.navigate({ href: paths.signIn(address(href)) }).finally(() => {
    forget();
    leaving = false;
  });
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
