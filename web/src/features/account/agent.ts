import { t } from "../../locales";

const programs: readonly [RegExp, string][] = [
  [/Edg\/(\d+)/, "Edge"],
  [/OPR\/(\d+)/, "Opera"],
  [/Firefox\/(\d+)/, "Firefox"],
  [/(?:HeadlessChrome|Chrome|Chromium|CriOS)\/(\d+)/, "Chrome"],
  [/Version\/(\d+).*Safari/, "Safari"],
  [/^([\w.-]+\/[\w.]+)/, ""],
];
const systems: readonly [RegExp, string][] = [
  [/Android/, "Android"],
  [/iPhone|iPad/, "iOS"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

/** "Firefox 143 on Linux", of what a browser or a program says of itself. */
export function agentName(agent: string): string {
  let program = "";
  for (const [pattern, name] of programs) {
    const found = pattern.exec(agent);
    if (!found) continue;
    program = name ? `${name} ${found[1]}` : (found[1] ?? "").replace("/", " ");
    break;
  }
  const system = systems.find(([pattern]) => pattern.test(agent))?.[1];
  if (!program) return agent || t.sessions.unknown;
  return system ? t.sessions.on(program, system) : program;
}
