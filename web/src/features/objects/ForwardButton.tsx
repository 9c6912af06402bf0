import { ExternalLink, X } from "lucide-react";

import { api } from "../../api/client";
import { toastProblem } from "../../layout/Problem";
import { o } from "../../locales/objects";
import { Button, IconButton } from "../../ui/Button";
import { Popover } from "../../ui/Popover";
import { Time } from "../../ui/Time";
import type { Forward, ObjectLook, Place } from "./types";

/** The ports of a pod or a service that a browser can open. */
function portsOf({ pod, service }: ObjectLook): { port: string; label: string }[] {
  if (service)
    return service.ports
      .filter(({ protocol }) => protocol === "TCP")
      .map(({ port, name }) => ({ port: String(port), label: name ? `${name} ${port}` : String(port) }));
  return (pod?.containers ?? []).flatMap(({ ports }) =>
    ports.flatMap((text) => {
      const port = /(\d+)\/TCP$/.exec(text)?.[1];
      return port ? [{ port, label: text.replace("/TCP", "") }] : [];
    }),
  );
}

function Open({ forward, onClose }: { forward: Forward; onClose: () => void }) {
  return (
    <li className="row">
      <span className="mono flex-1">{forward.port}</span>
      <span className="text-sm text-muted">
        <Time ago at={forward.opened_at} />
      </span>
      <a className="link" href={forward.url} target="_blank" rel="noreferrer">
        {o.forward.open}
      </a>
      <IconButton size="small" label={o.forward.close(forward.port)} onClick={onClose}>
        <X className="icon" />
      </IconButton>
    </li>
  );
}

function Ports({ place, ports }: { place: Place; ports: ReturnType<typeof portsOf> }) {
  const { cluster, namespace, name } = place;
  const kind = place.kind as Forward["kind"];
  const { data, refetch } = api.useQuery("get", "/api/v1/clusters/forwards", {}, { staleTime: 0 });
  const failed = (error: unknown) => toastProblem(o.forward.failed, error);
  const open = api.useMutation("post", "/api/v1/clusters/{id}/forwards", {
    onSuccess: ({ url }) => {
      window.open(url, "_blank", "noopener");
      void refetch();
    },
    onError: failed,
  });
  const close = api.useMutation("delete", "/api/v1/clusters/forwards/{fid}", {
    onSuccess: () => void refetch(),
    onError: failed,
  });
  const here = data?.items.filter(
    (each) => each.cluster_id === cluster && each.namespace === namespace && each.name === name,
  );
  return (
    <div className="grid gap-2 p-2">
      <p className="text-sm text-muted">{o.forward.about}</p>
      <div className="row flex-wrap">
        {ports.map(({ port, label }) => (
          <Button
            key={port}
            size="small"
            busy={open.isPending}
            icon={<ExternalLink className="icon" aria-hidden="true" />}
            onClick={() =>
              open.mutate({ params: { path: { id: cluster } }, body: { kind, namespace, name, port } })
            }
          >
            {label}
          </Button>
        ))}
      </div>
      {here && here.length > 0 && (
        <>
          <p className="label">{o.forward.list}</p>
          <ul>
            {here.map((forward) => (
              <Open
                key={forward.id}
                forward={forward}
                onClose={() => close.mutate({ params: { path: { fid: forward.id } } })}
              />
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** Opens a port of a pod or a service in another tab, through the appliance. */
export function ForwardButton({ place, look }: { place: Place; look: ObjectLook }) {
  if (place.kind !== "pods" && place.kind !== "services") return null;
  const ports = portsOf(look);
  if (ports.length === 0) return null;
  return (
    <Popover label={o.forward.title} trigger={<Button>{o.forward.title}</Button>}>
      <Ports place={place} ports={ports} />
    </Popover>
  );
}
