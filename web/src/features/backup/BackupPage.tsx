import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { useMay, useMe } from "../../api/may";
import type { BackupState } from "./types";
import { ExportTenant } from "../../layout/ExportTenant";
import { Loaded } from "../../layout/Loaded";
import { SettingsPage } from "../../layout/SettingsPage";
import { useUrl } from "../../layout/useUrl";
import { b } from "../../locales/backup";
import { paths } from "../../paths";
import { Button, buttonClass } from "../../ui/Button";
import { Section } from "../../ui/Facts";
import { Time } from "../../ui/Time";
import { DrillPanel, Drills } from "./Drills";
import { Held } from "./Held";
import { Moments } from "./Moments";
import { Second, Where } from "./Places";
import { drillsQuery, settingsQuery, useKeeper, useStatus } from "./queries";
import { Status } from "./Status";

function Kit({ at }: { at: string | null }) {
  const words = b.kit;
  return (
    <Section
      title={words.title}
      end={
        <Link className={buttonClass({ size: "small" })} to={paths.backupKit()}>
          {at ? words.action : words.make}
        </Link>
      }
    >
      <p className="max-w-160 text-muted">
        {at ? (
          <>
            {words.made} <Time at={at} ago />. {words.body}
          </>
        ) : (
          words.none
        )}
      </p>
    </Section>
  );
}

/** All that this tenant has, as one file for another appliance. */
function Export() {
  const me = useMe();
  const may = useMay("tenant.export");
  const [asking, setAsking] = useState(false);
  if (!may || !me) return null;
  const { id, name } = me.tenant;
  return (
    <Section
      title={b.export.title}
      end={
        <Button size="small" onClick={() => setAsking(true)}>
          {b.export.action}
        </Button>
      }
    >
      <p className="max-w-160 text-muted">{me.multi_tenancy ? b.export.one(name) : b.export.all}</p>
      {asking && <ExportTenant id={id} name={name} onClose={() => setAsking(false)} />}
    </Section>
  );
}

interface KeeperProps {
  state: BackupState;
  choosing: boolean;
  onChoosing: (choosing: boolean) => void;
}

/** What is there for those who look after the replica. */
function Keeper({ state, choosing, onChoosing }: KeeperProps) {
  const [url, setUrl] = useUrl();
  const settings = useQuery({ ...settingsQuery(), refetchOnMount: "always" });
  const drills = useQuery({ ...drillsQuery(), refetchOnMount: "always" });
  const on = state.state !== "off";
  const all = drills.data?.items ?? [];
  const { error, isPending, refetch } = settings.error ? settings : drills;
  return (
    <Loaded
      of={{ error, loading: isPending || settings.isPending, retry: () => void refetch() }}
      failed={b.loadFailed}
    >
      {settings.data && (
        <>
          {on && state.state !== "beginning" && <Moments preview={state.preview_at} />}
          {on && (
            <Drills
              on={on}
              drills={all}
              settings={settings.data}
              active={url.get("drill") ?? undefined}
              onOpen={(id) => setUrl({ drill: id })}
            />
          )}
          <Where state={state} settings={settings.data} choosing={choosing} onChoosing={onChoosing} />
          {(on || settings.data.target.url) && <Second on={on} settings={settings.data} drills={all} />}
          <Kit at={state.kit_at} />
        </>
      )}
    </Loaded>
  );
}

/** The drill of the address, beside the page. */
function useDrill() {
  const [url, setUrl] = useUrl();
  const keeper = useKeeper();
  const id = url.get("drill");
  const drills = useQuery({ ...drillsQuery(), enabled: keeper && Boolean(id) }).data?.items;
  const drill = drills?.find((each) => each.id === id);
  return drill && <DrillPanel drill={drill} onClose={() => setUrl({ drill: undefined })} />;
}

/** Whether the appliance could be brought back, and everything that is done for it. */
export function BackupPage() {
  const { data, error, isPending, refetch, dataUpdatedAt } = useStatus();
  const [choosing, setChoosing] = useState(false);
  const keeper = useKeeper();
  const panel = useDrill();
  return (
    <SettingsPage title={b.title} lead={b.lead} panel={panel}>
      <Loaded
        of={{ error: data ? null : error, loading: isPending, retry: () => void refetch() }}
        failed={b.loadFailed}
      >
        {data && (
          <>
            <Held state={data} />
            <Status state={data} asked={dataUpdatedAt} onChoose={() => setChoosing(true)} />
            {keeper && <Keeper state={data} choosing={choosing} onChoosing={setChoosing} />}
            <Export />
          </>
        )}
      </Loaded>
    </SettingsPage>
  );
}
