/**
 * How the hub's V8 keeps its memory: a young generation that is emptied often, and an old one that
 * grows by a third at a time. With 10 000 DERs at 1 Hz this halves what the process holds (400 MiB to
 * 200 MiB when measured), since most of it was garbage that nobody had yet asked for.
 */
export const hubFlags = ["--max-semi-space-size=4", "--heap-growing-percent=30"];
