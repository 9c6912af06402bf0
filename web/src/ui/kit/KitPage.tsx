/** Every part of the kit in every state. */
export function KitPage() {
  return <main className="page" />;
}
