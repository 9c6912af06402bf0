export const servers = {
  page: "Servers",
};
