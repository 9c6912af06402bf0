import { expect, test } from "vitest";

import { paths } from "./paths";

test("every address", () => {
  const id = "0197f2a4";
  const place = { cluster: id, kind: "pods", namespace: "web", name: "a" };
  const all = Object.fromEntries(
    Object.entries({ ...paths, object: () => paths.object(place) }).map(([name, build]) => [
      name,
      build.length > 0 ? (build as (id: string) => string)(id) : (build as () => string)(),
    ]),
  );
  expect(all).toMatchInlineSnapshot(`
    {
      "account": "/settings/account",
      "alert": "/alerts/0197f2a4",
      "alerts": "/alerts",
      "apiKeys": "/settings/api-keys",
      "apply": "/clusters/apply",
      "audit": "/settings/audit",
      "backup": "/settings/backup",
      "backupKit": "/settings/backup/kit",
      "backupPreview": "/settings/backup/preview",
      "channels": "/settings/channels",
      "cluster": "/clusters/0197f2a4",
      "clusterKinds": "/clusters/0197f2a4/kinds",
      "clusterNew": "/clusters/new",
      "clusterSettings": "/clusters/0197f2a4/settings",
      "clusters": "/clusters",
      "invitation": "/invitation",
      "job": "/settings/jobs/0197f2a4",
      "jobs": "/settings/jobs",
      "logs": "/clusters/logs",
      "members": "/settings/members",
      "more": "/more",
      "object": "/clusters/0197f2a4/object?kind=pods&namespace=web&name=a",
      "objects": "/clusters/objects",
      "overview": "/",
      "providers": "/settings/providers",
      "reset": "/reset",
      "restarting": "/sign-in/restarting?moment=0197f2a4",
      "server": "/servers/0197f2a4",
      "serverAlerts": "/servers/0197f2a4/alerts",
      "serverEdit": "/servers/0197f2a4/edit",
      "serverImport": "/servers/import",
      "serverNew": "/servers/new",
      "serverSettings": "/servers/0197f2a4/settings",
      "serverSnapshot": "/servers/0197f2a4/snapshot",
      "servers": "/servers",
      "sessions": "/settings/sessions",
      "settings": "/settings",
      "setup": "/setup",
      "signIn": "/sign-in?next=0197f2a4",
      "signInCallback": "/sign-in/callback",
      "signInLink": "/sign-in/link",
      "signInRestored": "/sign-in?restored=0197f2a4",
      "silences": "/settings/silences",
      "tenants": "/settings/tenants",
      "thresholds": "/settings/thresholds",
      "tls": "/settings/tls",
      "tlsAcme": "/settings/tls/acme",
      "unlock": "/unlock",
      "upgrade": "/settings/upgrade",
      "usage": "/settings/usage",
      "users": "/settings/users",
      "vault": "/settings/vault",
    }
  `);
});

test("sign-in keeps the way back", () => {
  expect(paths.signIn("/servers?q=nas")).toBe("/sign-in?next=%2Fservers%3Fq%3Dnas");
  expect(paths.signIn("/")).toBe("/sign-in");
});

test("filters that are not set leave no trace", () => {
  expect(paths.servers({ state: "down" })).toBe("/servers?state=down");
  expect(paths.servers({})).toBe("/servers");
});
