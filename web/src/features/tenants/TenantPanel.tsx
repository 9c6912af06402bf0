import { Ellipsis, LogIn } from "lucide-react";

import { api } from "../../api/client";
import type { TenantRow } from "../../api/types";
import { refresh } from "../../api/list";
import { useMay } from "../../api/may";
import { inTenant } from "../../api/tenant";
import { toastProblem } from "../../layout/Problem";
import { fill, fullLook, usageText } from "../../layout/usage";
import { tenants as tenantsWords, usage as usageWords } from "../../locales/tenants";
import { Button, IconButton } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { type Fact, Facts } from "../../ui/Facts";
import { exact, number, percent } from "../../ui/format";
import { Badge, Status } from "../../ui/mark";
import { Menu, MenuItem, MenuLabel, MenuLine } from "../../ui/Menu";
import { Meter } from "../../ui/Meter";
import { Panel } from "../../ui/Panel";
import { toast } from "../../ui/Toast";
import { Alerts } from "./columns";
import { isReserved, statusLooks, usagesOf } from "./tenant";

const words = tenantsWords;

/** What is asked before it is done to a tenant. */
export type Question = "edit" | "quota" | "suspend" | "export" | "remove";

function usageFacts(tenant: TenantRow): Fact[] {
  return usagesOf(tenant).map((usage) => {
    const { kind, used, limit } = usage;
    const ratio = fill(usage);
    const look = fullLook(usage);
    const now = usageText(kind, used);
    const text = limit === null ? now : usageWords.of(now, usageText(kind, limit));
    return [
      usageWords.kinds[kind] ?? kind,
      <span key={kind} className="row">
        {look ? <Status look={look}>{text}</Status> : text}
        {ratio !== null && (
          <Meter
            ratio={ratio}
            tone={look?.tone === "warn" || look?.tone === "critical" ? look.tone : undefined}
            label={percent(ratio)}
          />
        )}
      </span>,
    ];
  });
}

function More({ tenant, onAsk }: { tenant: TenantRow; onAsk: (question: Question) => void }) {
  const reserved = isReserved(tenant);
  const why = reserved ? words.reserved : tenant.status === "deleting" ? words.leaving : undefined;
  return (
    <Menu
      trigger={
        <IconButton label={words.more(tenant.name)} kind="default">
          <Ellipsis className="icon" />
        </IconButton>
      }
    >
      <MenuItem onSelect={() => onAsk("edit")}>{words.edit}</MenuItem>
      <MenuItem disabled={tenant.status === "deleting"} onSelect={() => onAsk("export")}>
        {words.export.item}
      </MenuItem>
      {tenant.status === "active" && (
        <MenuItem disabled={Boolean(why)} onSelect={() => onAsk("suspend")}>
          {words.suspend.item}
        </MenuItem>
      )}
      <MenuLine />
      <MenuItem danger={!why} disabled={Boolean(why)} onSelect={() => onAsk("remove")}>
        {words.remove.item}
      </MenuItem>
      {why && <MenuLabel>{why}</MenuLabel>}
    </Menu>
  );
}

function Actions({ tenant, onAsk }: { tenant: TenantRow; onAsk: (question: Question) => void }) {
  const may = useMay("tenants.write");
  const { id, name, status } = tenant;
  const activate = api.useMutation("post", "/api/v1/tenants/{id}/activate", {
    onSuccess: () => {
      toast({ title: words.activate.done(name) });
      return refresh("tenants");
    },
    onError: (error) => toastProblem(words.failed, error),
  });
  return (
    <div className="row my-4 flex-wrap">
      {status === "suspended" ? (
        <Button
          kind="primary"
          disabled={!may}
          busy={activate.isPending}
          onClick={() => activate.mutate({ params: { path: { id } } })}
        >
          {words.activate.item}
        </Button>
      ) : (
        <Button
          kind="primary"
          disabled={status === "deleting"}
          title={words.openHelp}
          icon={<LogIn className="icon" aria-hidden="true" />}
          onClick={() => location.assign(inTenant(id))}
        >
          {words.open}
        </Button>
      )}
      <Button disabled={!may || status === "deleting"} onClick={() => onAsk("quota")}>
        {words.quota}
      </Button>
      {may && <More tenant={tenant} onAsk={onAsk} />}
    </div>
  );
}

interface TenantPanelProps {
  tenant: TenantRow;
  onAsk: (question: Question) => void;
  onClose: () => void;
}

/** One tenant: what it has, what it may have, and what can be done. */
export function TenantPanel({ tenant, onAsk, onClose }: TenantPanelProps) {
  const { id, name, plan, status, created_at, alerts, quota } = tenant;
  return (
    <Panel
      label={name}
      head={<Badge look={statusLooks[status]}>{words.states[status]}</Badge>}
      onClose={onClose}
    >
      <h2>{name}</h2>
      <Actions tenant={tenant} onAsk={onAsk} />
      <Facts
        facts={[
          [
            words.id,
            <span key="id" className="row">
              <code className="min-w-0">{id}</code>
              <Copy text={id} label={words.copyID} />
            </span>,
          ],
          [words.plan, plan],
          [words.created, exact(created_at)],
          [words.alerts, <Alerts key="alerts" alerts={alerts} />],
          ...usageFacts(tenant),
          [
            words.calls,
            quota.api_calls_hour === undefined ? null : words.atMost(number(quota.api_calls_hour)),
          ],
        ]}
      />
    </Panel>
  );
}
