import { Link } from "@tanstack/react-router";
import { useCallback } from "react";

import { type ServerLook, lookOf } from "../api/severity";
import type { Server } from "../api/types";
import { t } from "../locales";
import { paths } from "../paths";
import { Badge, Status } from "../ui/mark";
import { useTicking } from "../ui/Time";

/** The look of a server, again when time alone changes it: a poll that does not come. */
export function useLook(server: Server): ServerLook {
  return useTicking(useCallback((now) => lookOf(server, now), [server])) as ServerLook;
}

interface ServerProps {
  server: Server;
  seen?: string | null | undefined;
}

/** Shape and word of a server in a row. */
export function ServerStatus({ server }: ServerProps) {
  const look = useLook(server);
  return <Status look={look}>{t.servers.looks[look]}</Status>;
}

/** The same in a box, for headers. */
export function ServerBadge({ server }: ServerProps) {
  const look = useLook(server);
  return <Badge look={look}>{t.servers.looks[look]}</Badge>;
}

/** The name of a server, leading to it. */
export function ServerLink({ server }: ServerProps) {
  return (
    <Link to={paths.server(server.id)} title={server.name}>
      {server.name}
    </Link>
  );
}

// What is wrong; what to do about it follows, and stands on the server's page.
const firstSentence = (text: string) => text.split(/(?<=\.)\s/)[0];

/** Why a server has no figures, in place of them; nothing for one that has. */
export function ServerReason({ server }: ServerProps) {
  if (server.state === "untrusted") {
    return (
      <span className="row">
        <span className="clip min-w-0" title={server.reason}>
          {t.servers.keyUnchecked}
        </span>
        <Link className="link" to={paths.serverSettings(server.id)}>
          {t.servers.checkKey}
        </Link>
      </span>
    );
  }
  return (
    <span className="clip block" title={server.reason}>
      {firstSentence(server.reason) || t.servers.looks[server.state]}
    </span>
  );
}
