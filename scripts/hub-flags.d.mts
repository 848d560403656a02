export const hubFlags: readonly string[];
