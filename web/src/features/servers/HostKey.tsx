import { useState } from "react";

import { api, queries } from "../../api/client";
import type { Server } from "../../api/types";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import { Facts, Section } from "../../ui/Facts";
import { Badge } from "../../ui/mark";
import { toast } from "../../ui/Toast";
import { serverQuery } from "./queries";

const k = t.servers.key;

function Fingerprint({ text }: { text: string }) {
  return (
    <span className="row">
      <code className="min-w-0 break-all">{text}</code>
      <Copy text={text} label={k.copy} />
    </span>
  );
}

function Trust({ server, fingerprint, onClose }: { server: Server; fingerprint: string; onClose: () => void }) {
  const trust = api.useMutation("post", "/api/v1/servers/{id}/trust-host-key", {
    onSuccess: () => {
      toast({ title: k.trustedNow(server.name) });
      void queries.invalidateQueries({ queryKey: serverQuery(server.id).queryKey });
      onClose();
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={k.trusting(server.name)}
      lead={k.trustLead}
      onSubmit={() => trust.mutate({ params: { path: { id: server.id } }, body: { fingerprint } })}
      foot={
        <>
          <Button onClick={onClose}>{t.ui.cancel}</Button>
          <Button kind="primary" type="submit" busy={trust.isPending}>
            {k.trust}
          </Button>
        </>
      }
    >
      <Fingerprint text={fingerprint} />
      {trust.error && <ProblemBanner error={trust.error} title={k.trustFailed} />}
    </Dialog>
  );
}

/** The key a machine proves itself with: known, offered, and whether it is trusted. */
export function HostKey({ server }: { server: Server }) {
  const [trusting, setTrusting] = useState<string>();
  const key = server.host_key;
  if (server.auth === "local") {
    return (
      <Section className="mt-0!" title={k.title}>
        <p className="border-t border-line py-2 text-muted">{k.local}</p>
      </Section>
    );
  }
  const offered = key?.offered;
  const candidate = offered ?? (key && !key.trusted ? key : undefined);
  const look = offered ? "untrusted" : key?.trusted ? "ok" : "unknown";
  const word = offered ? k.changed : key?.trusted ? k.trusted : key ? k.notTrusted : k.none;
  return (
    <Section className="mt-0!" title={k.title} end={<Badge look={look}>{word}</Badge>}>
      <p className="mb-3 text-muted">{k.about}</p>
      {candidate && (
        <Banner
          className="mb-3"
          look="untrusted"
          title={offered ? k.changedTitle : k.newTitle}
          action={
            <Button size="small" onClick={() => setTrusting(candidate.fingerprint)}>
              {k.trust}
            </Button>
          }
        >
          {offered ? k.changedWhy : k.newWhy}
          <span className="mt-2 row">
            <code className="min-w-0 break-all">{k.command}</code>
            <Copy text={k.command} label={k.copyCommand} />
          </span>
        </Banner>
      )}
      {key && (
        <Facts
          facts={[
            [k.type, key.type],
            [k.fingerprint, <Fingerprint key="known" text={key.fingerprint} />],
            [k.offered, offered && <Fingerprint key="offered" text={offered.fingerprint} />],
          ]}
        />
      )}
      {trusting && <Trust server={server} fingerprint={trusting} onClose={() => setTrusting(undefined)} />}
    </Section>
  );
}
