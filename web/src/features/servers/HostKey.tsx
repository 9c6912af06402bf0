import { useState } from "react";

import { api, queries } from "../../api/client";
import { useMay } from "../../api/may";
import type { Server } from "../../api/types";
import { ProblemBanner } from "../../layout/Problem";
import { t } from "../../locales";
import { Banner } from "../../ui/Banner";
import { Button } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Dialog } from "../../ui/Dialog";
import { Facts, Section } from "../../ui/Facts";
import { Badge, type State } from "../../ui/mark";
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

function Trust({
  server,
  fingerprint,
  onClose,
}: {
  server: Server;
  fingerprint: string;
  onClose: () => void;
}) {
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

/** What is known of a key, in one word. */
function wordOf(key: Server["host_key"]): { look: State; word: string } {
  if (!key) return { look: "unknown", word: k.none };
  if (key.offered) return { look: "untrusted", word: k.changed };
  return key.trusted ? { look: "ok", word: k.trusted } : { look: "unknown", word: k.notTrusted };
}

interface UncheckedProps {
  changed: boolean;
  onTrust: () => void;
}

/** A key that nobody has checked: how to compare it. */
function Unchecked({ changed, onTrust }: UncheckedProps) {
  const may = useMay("servers.write");
  return (
    <Banner
      className="mb-3"
      look="untrusted"
      title={changed ? k.changedTitle : k.newTitle}
      action={
        may && (
          <Button size="small" onClick={onTrust}>
            {k.trust}
          </Button>
        )
      }
    >
      {changed ? k.changedWhy : k.newWhy}
      <span className="row mt-2">
        <code className="min-w-0 break-words">{k.command}</code>
        <Copy text={k.command} label={k.copyCommand} />
      </span>
    </Banner>
  );
}

/** The key a machine proves itself with: known, offered, and whether it is trusted. */
export function HostKey({ server }: { server: Server }) {
  const [trusting, setTrusting] = useState<string>();
  if (server.auth === "local") {
    return (
      <Section className="mt-0!" title={k.title}>
        <p className="border-t border-line py-2 text-muted">{k.local}</p>
      </Section>
    );
  }
  const key = server.host_key;
  const candidate = key?.offered ?? (key?.trusted ? undefined : key);
  const { look, word } = wordOf(key);
  return (
    <Section className="mt-0!" title={k.title} end={<Badge look={look}>{word}</Badge>}>
      <p className="mb-3 text-muted">{k.about}</p>
      {candidate && (
        <Unchecked changed={Boolean(key?.offered)} onTrust={() => setTrusting(candidate.fingerprint)} />
      )}
      {key && (
        <Facts
          facts={[
            [k.type, key.type],
            [k.fingerprint, <Fingerprint key="known" text={key.fingerprint} />],
            [k.offered, key.offered && <Fingerprint key="offered" text={key.offered.fingerprint} />],
          ]}
        />
      )}
      {trusting && <Trust server={server} fingerprint={trusting} onClose={() => setTrusting(undefined)} />}
    </Section>
  );
}
