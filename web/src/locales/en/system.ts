export const system = {
  overview: "Overview",
};
