import { o } from "../../locales/objects";
import { type Fact, Facts, Section } from "../../ui/Facts";
import { type Look, looks, Status } from "../../ui/mark";
import { Time } from "../../ui/Time";
import { RefLink } from "./RefLink";
import type { Container, ObjectLook } from "./types";

type Pod = NonNullable<ObjectLook["pod"]>;

function lookOf({ state, ready, reason, ended, type }: Container): Look {
  if (state === "running") return ready || type === "init" ? looks.ok : looks.warning;
  if (state === "waiting") return /BackOff|Err|Invalid/.test(reason ?? "") ? looks.critical : looks.running;
  if (state === "terminated") return ended?.exit_code === 0 ? looks.done : looks.failed;
  return looks.unknown;
}

const pairs = (of: Record<string, string>): string =>
  Object.entries(of)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");

function endOf({ ended, state }: Container): Fact[] {
  if (!ended) return [];
  const said = [ended.reason, o.pod.code(ended.exit_code), ended.meaning, ended.message].filter(Boolean);
  const text = (
    <span key="ended">
      {said.join(". ")}
      {ended.finished_at && (
        <>
          {" "}
          <Time ago at={ended.finished_at} />
        </>
      )}
    </span>
  );
  return [[state === "terminated" ? o.pod.ended : o.pod.before, text]];
}

function Mounts({ mounts, cluster, pod }: { mounts: Container["mounts"]; cluster: string; pod: Pod }) {
  return (
    <ul>
      {mounts.map(({ path, volume, read_only }) => (
        <li key={path}>
          <code>{path}</code>{" "}
          <span className="text-muted">
            {volume}
            {read_only && `, ${o.pod.readOnly}`}
          </span>{" "}
          {pod.volumes
            .find(({ name }) => name === volume)
            ?.refs.map((ref) => (
              <RefLink key={`${ref.kind} ${ref.name}`} cluster={cluster} to={ref} kind />
            ))}
        </li>
      ))}
    </ul>
  );
}

function One({ container, cluster, pod }: { container: Container; cluster: string; pod: Pod }) {
  const {
    name,
    type,
    image,
    state,
    reason,
    message,
    since,
    restarts,
    ports,
    requests,
    limits,
    probes,
    mounts,
  } = container;
  const facts: Fact[] = [
    [o.pod.image, <code key="image">{image}</code>],
    [o.pod.why, message],
    [o.columns.restarts, restarts > 0 ? String(restarts) : ""],
    ...endOf(container),
    [o.cells.ports, ports.join(", ")],
    [o.pod.requests, pairs(requests)],
    [o.pod.limits, pairs(limits)],
    [o.pod.probes, probes.length > 0 && probes.join(". ")],
    [o.pod.mounts, mounts.length > 0 && <Mounts key="mounts" {...{ mounts, cluster, pod }} />],
  ];
  return (
    <Section
      className="mt-6"
      title={
        <>
          {name} {type !== "container" && <span className="tag">{o.pod.types[type]}</span>}
        </>
      }
      end={
        <Status look={lookOf(container)}>
          {reason || o.pod.states[state]}
          {since && (
            <span className="text-muted">
              {" "}
              <Time at={since} />
            </span>
          )}
        </Status>
      }
    >
      <Facts facts={facts.map(([label, value]): Fact => [label, value || undefined])} />
    </Section>
  );
}

/** The containers of a pod, in the order in which they start. */
export const Containers = ({ cluster, pod }: { cluster: string; pod: Pod }) =>
  pod.containers.map((container) => (
    <One key={container.name} container={container} cluster={cluster} pod={pod} />
  ));
