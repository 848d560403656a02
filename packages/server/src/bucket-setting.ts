import type { ArchivePlace } from "./archive/open-folder.ts";

/** The settings that are read here, as the table of all of them has them. */
export interface BucketSettings {
  readonly archive: { readonly env: string };
  readonly archiveCache: { readonly env: string; readonly default: string };
}

/** The bucket's own settings have the names that every tool of S3 knows. */
export function readBucket(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  { archive, archiveCache }: BucketSettings,
): ArchivePlace["bucket"] {
  const [, name, prefix = ""] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w./-]*))?$/.exec(text) ?? [];
  if (name === undefined) {
    throw new Error(`${archive.env} is "${text}"; give a folder, or a bucket as s3://name/prefix.`);
  }
  const cacheText = env[archiveCache.env]?.trim() || archiveCache.default;
  if (!/^\d{1,5}$/.test(cacheText) || Number(cacheText) < 1) {
    throw new Error(`${archiveCache.env} is "${cacheText}"; give GiB from 1 to 99999.`);
  }
  const endpoint = env.AWS_ENDPOINT_URL_S3?.trim() || env.AWS_ENDPOINT_URL?.trim() || undefined;
  if (endpoint !== undefined && !/^https?:\/\/[^/]+\/*$/.test(endpoint)) {
    throw new Error(`AWS_ENDPOINT_URL_S3 is "${endpoint}"; give an address as https://s3.example.`);
  }
  return {
    ...{ name, endpoint, cacheBytesMax: Number(cacheText) * 1024 ** 3 },
    prefix: prefix === "" ? "" : `${prefix.replaceAll(/^\/+|\/+$/g, "")}/`,
    region: env.AWS_REGION?.trim() || env.AWS_DEFAULT_REGION?.trim() || "us-east-1",
  };
}
