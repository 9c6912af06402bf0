/** Two letters for a name: "Northwind Traders" is NT, "acme" is AC. */
export function initials(name: string): string {
  const [first = "", second] = name.split(/[\s\-_.]+/).filter(Boolean);
  return (second ? first.slice(0, 1) + second.slice(0, 1) : first.slice(0, 2)).toUpperCase();
}
