import { expect, test } from "vitest";

import { box, type Edge, layout, path } from "./graph-layout";

const edges = (...list: string[]): Edge[] =>
  list.map((each) => {
    const [from = "", to = ""] = each.split(">");
    return { from, to, label: "owns" };
  });

const columns = (ids: string[], list: Edge[]) => {
  const made = layout(ids, list);
  const all = [...new Set(made.nodes.map((node) => node.x))].sort((a, b) => a - b);
  return Object.fromEntries(made.nodes.map((node) => [node.id, all.indexOf(node.x)]));
};

const apart = (ids: string[], list: Edge[]) => {
  const { nodes } = layout(ids, list);
  return nodes.every((a) =>
    nodes.every((b) => a.id === b.id || a.x !== b.x || Math.abs(a.y - b.y) >= box.height),
  );
};

test("each stands right of all that lead to it", () => {
  expect(columns(["pod", "set", "deploy", "service"], edges("deploy>set", "set>pod", "service>pod"))).toEqual(
    {
      deploy: 0,
      service: 0,
      set: 1,
      pod: 2,
    },
  );
});

test("a circle is drawn, with one line against the others", () => {
  const made = layout(["a", "b", "c"], edges("a>b", "b>c", "c>a"));
  expect(made.edges.map((edge) => edge.back)).toEqual([false, false, true]);
  expect(columns(["a", "b", "c"], edges("a>b", "b>c", "c>a"))).toEqual({ a: 0, b: 1, c: 2 });
});

test("lines to oneself and to nobody are left out", () => {
  expect(layout(["a"], edges("a>a", "a>gone")).edges).toEqual([]);
  expect(layout([], [])).toEqual({ nodes: [], edges: [], width: 0, height: 0 });
});

test("two rows in the wrong order do not cross", () => {
  const { nodes } = layout(["a", "b", "x", "y"], edges("a>y", "b>x"));
  const y = Object.fromEntries(nodes.map((node) => [node.id, node.y]));
  expect(y["a"]! < y["b"]!).toBe(y["y"]! < y["x"]!);
});

test("a line over a layer passes it beside what stands there", () => {
  const made = layout(["a", "b", "c"], edges("a>b", "b>c", "a>c"));
  const long = made.edges[2]!;
  const b = made.nodes.find((node) => node.id === "b")!;
  expect(long.points).toHaveLength(4);
  const [, through] = long.points[1]!;
  expect(through < b.y || through > b.y + box.height).toBe(true);
});

test("a hundred things with two hundred lines stand apart, all on the sheet, at once", () => {
  const ids = Array.from({ length: 100 }, (_, i) => `n${i}`);
  const list = Array.from({ length: 200 }, (_, i) => ({
    from: ids[(i * 7) % 100]!,
    to: ids[(i * 13 + 5) % 100]!,
    label: "",
  }));
  const start = performance.now();
  const made = layout(ids, list);
  expect(performance.now() - start).toBeLessThan(500);
  expect(apart(ids, list)).toBe(true);
  expect(made.nodes.every((node) => node.x >= 0 && node.y >= 0)).toBe(true);
  expect(
    made.nodes.every((node) => node.x + box.width <= made.width && node.y + box.height <= made.height),
  ).toBe(true);
});

test("the same graph is drawn the same", () => {
  const list = edges("a>b", "a>c", "c>d", "b>d", "d>a");
  expect(layout(["a", "b", "c", "d"], list)).toEqual(layout(["a", "b", "c", "d"], list));
});

test("a path leaves and arrives level", () => {
  expect(
    path([
      [0, 10],
      [100, 50],
    ]),
  ).toBe("M0 10C50 10 50 50 100 50");
  expect(
    path([
      [0, 10],
      [100, 10],
    ]),
  ).toBe("M0 10H100");
});
