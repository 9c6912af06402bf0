export const parts = {
  table: {
    columns: "Columns",
    keys: "Arrows move, Space selects, Enter opens",
  },
};
