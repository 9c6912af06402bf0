import { t } from "../../locales";
import { Facts, Section } from "../../ui/Facts";
import { day, duration, milliseconds } from "../../ui/format";
import { HostKey } from "./HostKey";
import { useServer } from "./ServerPage";

/** How the machine is reached, and the key it proves itself with. */
export function ServerSettings() {
  const server = useServer();
  if (!server) return null;
  const c = t.servers.connection;
  const local = server.auth === "local";
  const skew = Math.abs(server.skew_ms);
  return (
    <div className="grid gap-8 lg:grid-cols-2">
      <Section title={c.title}>
        <Facts
          facts={[
            [c.address, local ? c.local : <span className="mono">{`${server.host}:${server.port}`}</span>],
            [c.user, local ? "" : server.username],
            [c.auth, c.auths[server.auth]],
            [c.poll, server.poll_seconds > 0 ? t.servers.every(duration(server.poll_seconds)) : c.standard],
            [
              c.snapshots,
              server.snapshot_minutes > 0
                ? t.servers.every(duration(server.snapshot_minutes * 60))
                : c.standard,
            ],
            [c.clock, skew < 1000 ? c.clockOk : c.clockOff(milliseconds(skew), server.skew_ms > 0)],
            [c.group, server.group],
            [c.tags, server.tags.join(" · ")],
            [c.notes, server.notes && <span className="whitespace-pre-wrap">{server.notes}</span>],
            [c.added, day(server.created_at)],
          ]}
        />
      </Section>
      <HostKey server={server} />
    </div>
  );
}
