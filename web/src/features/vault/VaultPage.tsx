import { Link, useRouter } from "@tanstack/react-router";
import { useState } from "react";

import { api } from "../../api/client";
import type { Keyset, Vault } from "../../api/types";
import { refresh } from "../../api/list";
import { useMe } from "../../api/may";
import { FormProblem } from "../../layout/FormProblem";
import { Loaded } from "../../layout/Loaded";
import { SettingsPage } from "../../layout/SettingsPage";
import { v } from "../../locales/vault";
import { paths } from "../../paths";
import { Banner } from "../../ui/Banner";
import { Button, buttonClass } from "../../ui/Button";
import { Confirm } from "../../ui/Dialog";
import { Facts, Section } from "../../ui/Facts";
import { day } from "../../ui/format";
import { looks, Status } from "../../ui/mark";
import { type Column, Table } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { RotateMaster } from "./RotateMaster";

const words = v;
const system = "system";

function useWhose(): (keys: Keyset) => string {
  const many = useMe()?.multi_tenancy ?? false;
  const tenants = api.useQuery("get", "/api/v1/tenants", {}, { enabled: many }).data?.items;
  return ({ tenant_id: id }) => {
    if (id === system) return words.appliance;
    return many ? (tenants?.find((each) => each.id === id)?.name ?? id) : words.here;
  };
}

const columns = (whose: (keys: Keyset) => string, head: string): Column<Keyset>[] => [
  {
    key: "state",
    head: words.state,
    phone: "state",
    cell: ({ rotating }) => (
      <Status look={rotating ? looks.running : looks.ok}>
        {rotating ? words.states.rotating : words.states.ready}
      </Status>
    ),
  },
  {
    key: "whose",
    head,
    phone: "name",
    cell: (keys) => (
      <span className="font-medium" title={keys.tenant_id}>
        {whose(keys)}
      </span>
    ),
  },
  {
    key: "made",
    head: words.made,
    num: true,
    from: "lg",
    cell: ({ created_at }) => <span className="text-muted">{day(created_at)}</span>,
  },
  {
    key: "rotated",
    head: words.rotated,
    num: true,
    phone: "end",
    cell: ({ rotated_at }) =>
      rotated_at ? (
        <Time at={rotated_at} ago className="text-muted" />
      ) : (
        <span className="text-muted">{words.never}</span>
      ),
  },
];

/** Asks before every key is replaced, and leads to the job that does it. */
function RotateKeys({ onClose }: { onClose: () => void }) {
  const router = useRouter();
  const rotate = api.useMutation("post", "/api/v1/vault/rotate", {
    onSuccess: async (job) => {
      onClose();
      void refresh("vault");
      await router.navigate({ href: paths.job(job.id, { scope: "system" }) });
    },
  });
  return (
    <Confirm
      open
      onClose={onClose}
      onConfirm={() => rotate.mutate({ body: {} })}
      title={words.rotateTitle}
      lead={words.rotateLead}
      action={words.rotate}
      busy={rotate.isPending}
    >
      <FormProblem error={rotate.error} />
    </Confirm>
  );
}

type Asking = "keys" | "master" | undefined;

/** Why the master key cannot be replaced here. */
function fixed({ source, locked }: Vault): string | undefined {
  if (locked) return words.lockedHelp;
  return source === "credential" ? words.credentialHelp : undefined;
}

function Master({ vault, onAsk }: { vault: Vault; onAsk: (asking: Asking) => void }) {
  const why = fixed(vault);
  return (
    <Section
      title={words.master}
      end={
        <Button
          size="small"
          disabled={Boolean(why) || vault.rotating}
          title={why}
          onClick={() => onAsk("master")}
        >
          {words.rotateMaster}
        </Button>
      }
    >
      <Facts
        facts={[
          [words.source, words.sources[vault.source]],
          [words.keepTitle, words.sourceHelp[vault.source]],
          [words.created, day(vault.created_at)],
        ]}
      />
      {why && <p className="mt-2 text-sm text-muted">{why}</p>}
    </Section>
  );
}

function Keys({ vault, onAsk }: { vault: Vault; onAsk: (asking: Asking) => void }) {
  const many = useMe()?.multi_tenancy ?? false;
  const whose = useWhose();
  return (
    <Section
      title={words.keys}
      count={many ? vault.keysets.length : undefined}
      end={
        <Button size="small" disabled={vault.locked || vault.rotating} onClick={() => onAsk("keys")}>
          {words.rotate}
        </Button>
      }
    >
      <p className="mb-2 max-w-160 text-muted">{many ? words.keysLeadMany : words.keysLead}</p>
      <Table
        label={words.keys}
        columns={columns(whose, many ? words.tenant : words.whose)}
        rows={vault.keysets}
        id={(keys) => keys.tenant_id}
      />
    </Section>
  );
}

function State({ vault }: { vault: Vault }) {
  if (vault.locked)
    return (
      <Banner
        look="warning"
        className="mb-4"
        title={words.locked}
        action={
          <Link className={buttonClass({ size: "small" })} to={paths.unlock()}>
            {words.unlock}
          </Link>
        }
      >
        {words.lockedBody}
      </Banner>
    );
  if (!vault.rotating) return null;
  return (
    <Banner
      look="running"
      className="mb-4"
      title={words.rotating}
      action={
        <Link className={buttonClass({ size: "small" })} to={paths.jobs({ scope: "system" })}>
          {words.toJobs}
        </Link>
      }
    >
      {words.rotatingBody}
    </Banner>
  );
}

/** With what everything secret is encrypted, and how old that is. */
export function VaultPage() {
  const [asking, setAsking] = useState<Asking>();
  const { data, error, isPending, refetch } = api.useQuery(
    "get",
    "/api/v1/vault",
    {},
    { refetchOnMount: "always" },
  );
  const close = () => setAsking(undefined);
  return (
    <SettingsPage title={words.title} lead={words.lead}>
      <Loaded of={{ error, loading: isPending, retry: () => void refetch() }} failed={words.loadFailed}>
        {data && (
          <>
            <State vault={data} />
            <Master vault={data} onAsk={setAsking} />
            <Keys vault={data} onAsk={setAsking} />
            {asking === "keys" && <RotateKeys onClose={close} />}
            {asking === "master" && data.source !== "credential" && (
              <RotateMaster source={data.source} onClose={close} />
            )}
          </>
        )}
      </Loaded>
    </SettingsPage>
  );
}
