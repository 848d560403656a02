/** Preloaded into a program: its clock is so far ahead as NOVACORE_TEST_AHEAD_MS says. */
const aheadMs = Number(process.env.NOVACORE_TEST_AHEAD_MS);
const { now } = Date;
Date.now = () => now() + aheadMs;
