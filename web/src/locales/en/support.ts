export const support = {
  title: "Support",
  lead: "A file for somebody who helps you: version, health, the doctor's findings and the end of the log. It holds no secret, and names, addresses and paths have other names in it. Nothing is sent anywhere: you choose whom to give it to.",
  download: "Download support bundle",
  done: (name: string) => `${name} is downloaded`,
  failed: "The support bundle could not be made",
};
