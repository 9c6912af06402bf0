/** Lines of key=value; a line "key-" takes one away, as kubectl has it. */
export function marksOf(text: string): { set: Record<string, string>; remove: string[] } {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const line of text.split(/[\n,]/).map((each) => each.trim())) {
    const at = line.indexOf("=");
    if (at > 0) set[line.slice(0, at)] = line.slice(at + 1);
    else if (line.endsWith("-") && line.length > 1) remove.push(line.slice(0, -1));
  }
  return { set, remove };
}
