import { c } from "../../locales/tls";
import { buttonClass } from "../../ui/Button";
import { Copy } from "../../ui/Copy";
import { Facts, Section } from "../../ui/Facts";
import { groups } from "./names";
import type { Tls } from "./types";
import { Until } from "./Until";

const words = c.authority;

function Fingerprint({ text }: { text: string }) {
  return (
    <span className="flex items-start gap-2">
      <code className="tls-groups">
        {groups(text).map((group, i) => (
          <span key={i}>{group}</span>
        ))}
      </code>
      <Copy text={text} label={words.copy} />
    </span>
  );
}

function Domains({ all }: { all: readonly string[] }) {
  return (
    <details>
      <summary className="cursor-pointer">{words.domainsOf(all.length)}</summary>
      <ul className="tls-domains">
        {all.map((domain) => (
          <li key={domain}>
            <code>{domain}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The appliance's own authority, as devices are told to trust it. */
export function Authority({ of }: { of: Tls["authority"] }) {
  return (
    <Section title={words.title}>
      <p className="mb-3 max-w-160 text-muted">{words.lead}</p>
      <Facts
        facts={[
          [words.subject, of.subject],
          [words.fingerprint, <Fingerprint key="f" text={of.fingerprint} />],
          [words.ends, <Until key="e" at={of.not_after} />],
          [words.domains, <Domains key="d" all={of.domains} />],
        ]}
      />
      <div className="row mt-3 flex-wrap">
        <a className={buttonClass({ size: "small" })} href="/trust">
          {words.trust}
        </a>
        <a className={buttonClass({ size: "small" })} href="/api/v1/tls/ca.pem" download="unity-ca.pem">
          {words.download}
        </a>
      </div>
    </Section>
  );
}
