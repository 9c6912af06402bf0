import type { ClusterTest } from "../../api/types";
import { k } from "../../locales/clusters";
import { Banner } from "../../ui/Banner";
import { Code } from "../../ui/Code";
import { Facts } from "../../ui/Facts";
import { milliseconds } from "../../ui/format";
import { looks, Mark } from "../../ui/mark";
import { versionOf } from "../../layout/clusters";
import { missing } from "./rights";

const words = k.test;

function Rights({ rights }: { rights: ClusterTest["rights"] }) {
  const lacking = missing(rights);
  const good = rights.filter(({ allowed }) => allowed);
  return (
    <>
      {lacking.length > 0 && (
        <section aria-label={words.lacking}>
          <h3 className="mb-1 font-medium">{words.lacking}</h3>
          <ul className="rows">
            {lacking.map(({ name, costs, verb, kind }) => (
              <li key={name} className="items-start!">
                <Mark className="mt-1" {...looks.warning} />
                <span className="min-w-0 flex-1">
                  <span className="row flex-wrap">
                    <span className="font-medium">{k.rights[name] ?? name}</span>
                    <code className="text-sm text-faint">
                      {verb} {kind}
                    </code>
                  </span>
                  <span className="block text-sm text-muted">{costs}</span>
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {good.length > 0 && (
        <section aria-label={words.may}>
          <h3 className="mb-1 font-medium">{words.may}</h3>
          <ul className="cluster-rights">
            {good.map(({ name, verb, kind }) => (
              <li key={name} title={`${verb} ${kind}`}>
                <Mark {...looks.done} />
                {k.rights[name] ?? name}
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

/** How a test went: what is there, who we are, and what we may. */
export function Report({ of }: { of: ClusterTest }) {
  if (!of.ok) {
    return (
      <Banner look="critical" title={words.failed}>
        {of.error} {of.code && <Code code={of.code} />}
      </Banner>
    );
  }
  const lacking = missing(of.rights).length;
  const nothing = lacking > 0 && lacking === of.rights.length;
  const groups = of.groups.filter(Boolean);
  return (
    <div className="grid gap-4" role="status" aria-label={words.title}>
      {nothing ? (
        <Banner look="critical" title={words.useless}>
          {words.uselessNext}
        </Banner>
      ) : (
        <Banner
          look={lacking > 0 ? "warning" : "ok"}
          title={lacking > 0 ? words.partly(lacking) : words.works}
        >
          {lacking > 0 && words.partlyNext}
        </Banner>
      )}
      <Facts
        facts={[
          [words.version, versionOf(of)],
          [words.server, <code key="server">{of.server}</code>],
          [words.latency, milliseconds(of.latency_ms)],
          [words.user, of.user && <code key="user">{of.user}</code>],
          [words.groups, groups.length > 0 && <code key="groups">{groups.join(", ")}</code>],
        ]}
      />
      <Rights rights={of.rights} />
    </div>
  );
}
