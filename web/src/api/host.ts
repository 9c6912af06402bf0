/** Whether a host is a name: passkeys belong to one, and to no number. */
export const isName = (host: string): boolean => !/^[\d.]+$|:|^\[/.test(host);
