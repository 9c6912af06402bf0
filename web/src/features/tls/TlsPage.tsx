import "./tls.css";

import { useMemo, useState } from "react";

import { api } from "../../api/client";
import { useMay } from "../../api/may";
import { Loaded } from "../../layout/Loaded";
import { SettingsPage } from "../../layout/SettingsPage";
import { useUrl } from "../../layout/useUrl";
import { c } from "../../locales/tls";
import { AddName, TakeAway } from "./AddName";
import { Authority } from "./Authority";
import type { Doing } from "./columns";
import { Mode } from "./Mode";
import { NamePanel } from "./NamePanel";
import { Names } from "./Names";
import { useTls } from "./queries";
import type { Name } from "./types";
import { useRenew } from "./useRenew";

const none: readonly string[] = [];

/** The names that people gave, apart from that of the public URL. */
function useGiven(): readonly string[] {
  const may = useMay("system.write");
  return api.useQuery("get", "/api/v1/system/settings", {}, { enabled: may }).data?.public_names ?? none;
}

type Open = { kind: "add" } | { kind: "remove"; name: string };

/** Which names this appliance has, who vouches for them, and how to have somebody else do so. */
export function TlsPage() {
  const { data, error, isPending, refetch } = useTls();
  const [url, setUrl] = useUrl();
  const [open, setOpen] = useState<Open>();
  const { renew, dialog } = useRenew();
  const given = useGiven();
  const active = url.get("name") ?? undefined;
  const shown = data?.names.find(({ name }) => name === active);
  const doing = useMemo(
    (): Doing => ({
      onOpen: ({ name }) => setUrl({ name }),
      onRenew: ({ name }) => renew(name),
      onTakeAway: ({ name }) => setOpen({ kind: "remove", name }),
      removable: (of: Name) => given.some((name) => name.toLowerCase() === of.name),
    }),
    [given, renew, setUrl],
  );
  const close = () => setUrl({ name: undefined });
  return (
    <SettingsPage
      title={c.title}
      lead={c.lead}
      panel={shown && <NamePanel of={shown} doing={doing} onClose={close} />}
    >
      <Loaded
        of={{ error: data ? null : error, loading: isPending, retry: () => void refetch() }}
        failed={c.loadFailed}
      >
        {data && (
          <>
            <Mode state={data} />
            <Names state={data} doing={doing} active={active} onAdd={() => setOpen({ kind: "add" })} />
            <Authority of={data.authority} />
          </>
        )}
      </Loaded>
      {dialog}
      {open?.kind === "add" && <AddName onClose={() => setOpen(undefined)} />}
      {open?.kind === "remove" && <TakeAway name={open.name} onClose={() => setOpen(undefined)} />}
    </SettingsPage>
  );
}
