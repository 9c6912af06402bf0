import { Download } from "lucide-react";
import { useCallback } from "react";

import { api } from "../../api/client";
import { useMay } from "../../api/may";
import { ProblemPage } from "../../layout/Problem";
import { SettingsPage as Frame } from "../../layout/SettingsPage";
import { t } from "../../locales";
import { Banner } from "../../ui/Banner";
import { buttonClass } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Skeleton } from "../../ui/Empty";
import { Facts, Section } from "../../ui/Facts";
import { bytes, exact, since } from "../../ui/format";
import { useTicking } from "../../ui/Time";
import { ApplianceForm } from "./ApplianceForm";
import { Monitoring } from "./Monitoring";
import { Support } from "./Support";
import type { Appliance } from "./types";

function Certificate({ system }: { system: Appliance }) {
  const words = t.settings.certificate;
  return (
    <Section title={words.title}>
      <p className="mb-3 max-w-160 text-muted">{words.lead}</p>
      <Facts
        facts={[
          [
            words.fingerprint,
            <span key="f" className="flex items-start gap-2">
              <code className="min-w-0 flex-1">{system.ca_fingerprint}</code>
              <Copy text={system.ca_fingerprint} label={words.copy} />
            </span>,
          ],
        ]}
      />
      <a className={`${buttonClass()} mt-3`} href="/api/v1/tls/ca.pem" download>
        <Download className="icon" aria-hidden="true" />
        {words.download}
      </a>
    </Section>
  );
}

function About({ system }: { system: Appliance }) {
  const words = t.settings.about;
  const up = useTicking(useCallback((now) => since(system.started_at, now), [system.started_at]));
  return (
    <Section title={words.title}>
      {system.degraded.map((sentence) => (
        <Banner key={sentence} look="warning" title={words.degraded} className="mb-2">
          {sentence}
        </Banner>
      ))}
      <Facts
        facts={[
          [
            words.version,
            <span key="v">
              {system.version}{" "}
              {system.commit && <code className="text-faint">{system.commit.slice(0, 12)}</code>}
            </span>,
          ],
          [words.host, system.hostname],
          [
            words.started,
            <span key="s" title={exact(system.started_at)}>
              {up}
            </span>,
          ],
          [words.database, bytes(system.database_bytes)],
          [words.free, bytes(system.data_dir_free_bytes)],
          [
            words.urls,
            system.urls.length > 0 && (
              <span key="u" className="grid">
                {system.urls.map((url) => (
                  <code key={url}>{url}</code>
                ))}
              </span>
            ),
          ],
        ]}
      />
    </Section>
  );
}

/** What holds for everything: how servers are asked, how the appliance is reached. */
export function SettingsPage() {
  const admin = useMay("system.write");
  const settings = api.useQuery("get", "/api/v1/settings");
  const system = api.useQuery("get", "/api/v1/system");
  const appliance = api.useQuery("get", "/api/v1/system/settings", {}, { enabled: admin });
  return (
    <Frame title={t.settings.title}>
      {settings.error && (
        <ProblemPage
          error={settings.error}
          title={t.settings.loadFailed}
          onRetry={() => void settings.refetch()}
        />
      )}
      {settings.isPending && <Skeleton label={t.ui.loading} lines={6} />}
      {settings.data && <Monitoring settings={settings.data} />}
      {appliance.data && <ApplianceForm settings={appliance.data} />}
      {system.data && <Certificate system={system.data} />}
      {system.data && <About system={system.data} />}
      {admin && <Support />}
    </Frame>
  );
}
